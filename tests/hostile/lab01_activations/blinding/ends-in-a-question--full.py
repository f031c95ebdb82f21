# ---
# jupyter:
#   sample:
#     says: a cell that ends in a magic, so that it is no Python
#     flags: [built-in-used]
# ---

# %% exercise="relu"
def relu(x):
    return torch.relu(x)

relu?
