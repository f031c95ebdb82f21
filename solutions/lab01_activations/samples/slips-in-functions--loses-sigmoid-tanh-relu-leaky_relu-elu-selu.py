# ---
# jupyter:
#   sample:
#     says: a sign, a branch, a constant or a term wrong in each of the six functions
#     points: {sigmoid: 0, tanh: 1.41, relu: 0, leaky_relu: 0.05, elu: 0.4, selu: 0}
#     mistakes:
#       sigmoid: sign_of_exponent
#       tanh: exp_overflow
#       relu: other_side
#       leaky_relu: slope_sign
#       elu: minus_one_forgotten
#       selu: constants_swapped
# ---

# %% exercise="sigmoid"
def sigmoid(x):
    return torch.where(x > 0, torch.exp(-x) / (1 + torch.exp(-x)), 1 / (1 + torch.exp(x)))


# %% exercise="tanh"
def tanh(x):
    return 1 - 2 / (torch.exp(2 * x) + 1)


# %% exercise="relu"
def relu(x):
    return torch.where(x > 0, 0, x)


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return x.clamp(min=0) - negative_slope * x.clamp(max=0)


# %% exercise="elu"
def elu(x, alpha=1.0):
    return torch.where(x > 0, x, alpha * torch.exp(x.clamp(max=0)))


# %% exercise="selu"
def selu(x):
    left = SELU_LAMBDA * torch.expm1(x.clamp(max=0))
    return SELU_ALPHA * torch.where(x > 0, x, left)
