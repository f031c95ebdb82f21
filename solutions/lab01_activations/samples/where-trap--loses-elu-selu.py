# ---
# jupyter:
#   sample:
#     says: ELU and SELU choose after the exponential; gradients are nan at 1000
#     points: {elu: 2.2, selu: 1.41}
#     mistakes: {elu: where_trap, selu: where_trap}
# ---

# %% exercise="elu"
def elu(x, alpha=1.0):
    return torch.where(x > 0, x, alpha * (torch.exp(x) - 1))


# %% exercise="selu"
def selu(x):
    return SELU_LAMBDA * torch.where(x > 0, x, SELU_ALPHA * torch.exp(x) - SELU_ALPHA)
