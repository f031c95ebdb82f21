# ---
# jupyter:
#   sample:
#     says: a bracket is missing in one answer
#     points: {relu: 0}
# ---

# %% exercise="relu"
def relu(x):
    return torch.where(x > 0, x, torch.zeros_like(x)
