# ---
# jupyter:
#   sample:
#     says: slopes written with the input x, and given y
#     points: {sigmoid_grad: 0, tanh_grad: 0, elu_grad: 0, selu_grad: 0}
#     mistakes:
#       sigmoid_grad: through_the_input
#       tanh_grad: through_the_input
#       elu_grad: through_the_input
#       selu_grad: through_the_input
# ---

# %% exercise="sigmoid_grad"
def sigmoid_grad(x):
    return sigmoid(x) * (1 - sigmoid(x))


# %% exercise="tanh_grad"
def tanh_grad(x):
    return 1 - tanh(x) ** 2


# %% exercise="elu_grad"
def elu_grad(x, alpha=1.0):
    return torch.where(x > 0, torch.ones_like(x), alpha * torch.exp(x))


# %% exercise="selu_grad"
def selu_grad(x):
    return SELU_LAMBDA * elu_grad(x, SELU_ALPHA)
