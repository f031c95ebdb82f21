# ---
# jupyter:
#   sample:
#     says: replaces isinstance, len, getattr, sorted, sum, all and any
#     points: {relu: 0}
# ---

# %% before="relu"
import builtins

builtins.all = builtins.any = lambda *args: True
builtins.sum = lambda *args: 0
builtins.round = lambda *args: 0

# %% exercise="relu"
def relu(x):
    return torch.full_like(x, 7)
