# ---
# jupyter:
#   sample:
#     says: slopes of two plain numbers, float32 whatever comes in; and a bool
#     points: {relu_grad: 0.66, leaky_relu_grad: 0.71}
#     mistakes: {relu_grad: boolean}
# ---

# %% exercise="relu_grad"
def relu_grad(y):
    return y > 0


# %% exercise="leaky_relu_grad"
def leaky_relu_grad(y, negative_slope=0.01):
    return torch.where(y > 0, 1.0, negative_slope)
