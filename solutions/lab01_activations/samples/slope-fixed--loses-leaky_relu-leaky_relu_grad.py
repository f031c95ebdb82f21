# ---
# jupyter:
#   sample:
#     says: leaky ReLU with 0.01 typed in
#     points: {leaky_relu: 0.3, leaky_relu_grad: 0.27}
#     mistakes: {leaky_relu: slope_fixed, leaky_relu_grad: slope_fixed}
# ---

# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return torch.where(x > 0, x, 0.01 * x)


# %% exercise="leaky_relu_grad"
def leaky_relu_grad(y, negative_slope=0.01):
    return torch.where(y > 0, torch.ones_like(y), 0.01)
