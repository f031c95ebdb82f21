# ---
# jupyter:
#   sample:
#     says: answers with a million small tensors
#     points: {relu: 0}
# ---

# %% exercise="relu"
def relu(x):
    return [torch.zeros(1)] * 1_000_000
