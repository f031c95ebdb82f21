# ---
# jupyter:
#   sample:
#     says: a built-in whose name is written in other letters
#     flags: [built-in-used]
# ---

# %% exercise="relu"
def relu(x):
    return torch.ｒｅｌｕ(x)
