# ---
# jupyter:
#   sample:
#     says: some right, some blank, some wrong
#     points: {tanh: 0, selu: 0, relu_grad: 0, ELUFunction: 0, chain_gradient: 0, dead_fraction: 0.1}
#     mistakes: {tanh: forgot_two_inside, relu_grad: is_relu, dead_fraction: any_instead_of_all}
# ---

# %% exercise="tanh"
def tanh(x):
    return 2 * sigmoid(x) - 1


# %% exercise="selu"


# %% exercise="relu_grad"
def relu_grad(y):
    return torch.relu(y)


# %% exercise="ELUFunction"


# %% exercise="chain_gradient"


# %% exercise="dead_fraction"
def dead_fraction(activations):
    return (activations == 0).any(dim=0).float().mean().item()
