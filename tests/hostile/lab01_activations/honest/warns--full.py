# ---
# jupyter:
#   sample:
#     says: a right answer that warns and writes on stderr, also past Python
# ---

# %% exercise="relu"
import os
import sys
import warnings


def relu(x):
    warnings.warn("deprecated")
    print("beware", file=sys.stderr)
    os.write(2, b"beware\n")
    return torch.where(0 < x, x, 0 * x)


relu(torch.ones(1))
