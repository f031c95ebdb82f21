# ---
# jupyter:
#   sample:
#     says: a decorator swaps the function
#     flags: [built-in-used]
# ---

# %% exercise="relu"
def swapped(function):
    return F.threshold.__globals__["re" + "lu"]


@swapped
def relu(x):
    return torch.where(0 < x, x, 0 * x)
