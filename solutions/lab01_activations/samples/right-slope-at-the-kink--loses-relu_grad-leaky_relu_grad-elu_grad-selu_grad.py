# ---
# jupyter:
#   sample:
#     says: slopes by >=, so the right one at 0
#     points: {relu_grad: 0, leaky_relu_grad: 0.87, elu_grad: 1.88, selu_grad: 1.83}
#     mistakes:
#       relu_grad: greater_or_equal
#       leaky_relu_grad: one_at_zero
#       elu_grad: one_at_zero
#       selu_grad: lambda_at_zero
# ---

# %% exercise="relu_grad"
def relu_grad(y):
    return (y >= 0).to(y.dtype)


# %% exercise="leaky_relu_grad"
def leaky_relu_grad(y, negative_slope=0.01):
    return torch.where(y >= 0, torch.ones_like(y), negative_slope)


# %% exercise="elu_grad"
def elu_grad(y, alpha=1.0):
    return torch.where(y >= 0, torch.ones_like(y), y + alpha)


# %% exercise="selu_grad"
def selu_grad(y):
    return torch.where(y >= 0, SELU_LAMBDA, y + SELU_LAMBDA * SELU_ALPHA).to(y.dtype)
