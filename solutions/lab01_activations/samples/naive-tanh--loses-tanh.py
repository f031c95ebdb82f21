# ---
# jupyter:
#   sample:
#     says: tanh's formula as it stands, inf / inf
#     points: {tanh: 1.34}
#     mistakes: {tanh: inf_over_inf}
# ---

# %% exercise="tanh"
def tanh(x):
    return (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))
