# ---
# jupyter:
#   sample:
#     says: replaces isinstance, len, getattr, sorted, sum, all and any
#     points: {dead_fraction: 0}
# ---

# %% before="dead_fraction"
import builtins

builtins.all = builtins.any = lambda *args: True
builtins.sum = lambda *args: 0
builtins.round = lambda *args: 0

# %% exercise="dead_fraction"
def dead_fraction(activations):
    return -7.0
