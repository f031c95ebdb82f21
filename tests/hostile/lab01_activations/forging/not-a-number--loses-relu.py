# ---
# jupyter:
#   sample:
#     says: returns NaN, since NaN compares with nothing
#     points: {relu: 0}
# ---

# %% exercise="relu"
def relu(x):
    return torch.full_like(x, float("nan"))
