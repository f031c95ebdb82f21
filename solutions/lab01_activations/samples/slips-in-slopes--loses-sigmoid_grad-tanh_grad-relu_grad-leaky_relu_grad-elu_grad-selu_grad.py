# ---
# jupyter:
#   sample:
#     says: a factor, a branch or a constant wrong in each of the six slopes
#     points:
#       sigmoid_grad: 0
#       tanh_grad: 0
#       relu_grad: 0
#       leaky_relu_grad: 0
#       elu_grad: 0.12
#       selu_grad: 0.17
#     mistakes:
#       sigmoid_grad: one_minus_y
#       tanh_grad: of_the_sigmoid
#       relu_grad: half_at_zero
#       leaky_relu_grad: times_y
#       elu_grad: no_right_branch
#       selu_grad: lambda_forgotten_right
# ---

# %% exercise="sigmoid_grad"
def sigmoid_grad(y):
    return 1 - y


# %% exercise="tanh_grad"
def tanh_grad(y):
    return y * (1 - y)


# %% exercise="relu_grad"
def relu_grad(y):
    return torch.heaviside(y, torch.full_like(y, 0.5))


# %% exercise="leaky_relu_grad"
def leaky_relu_grad(y, negative_slope=0.01):
    return torch.where(y > 0, y, negative_slope * y)


# %% exercise="elu_grad"
def elu_grad(y, alpha=1.0):
    return y + alpha


# %% exercise="selu_grad"
def selu_grad(y):
    return torch.where(y > 0, torch.ones_like(y), y + SELU_LAMBDA * SELU_ALPHA)
