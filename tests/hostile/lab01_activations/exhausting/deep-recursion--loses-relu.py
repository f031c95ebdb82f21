# ---
# jupyter:
#   sample:
#     says: calls itself until the stack is gone
#     points: {relu: 0}
# ---

# %% exercise="relu"
import sys


def relu(x):
    sys.setrecursionlimit(10**9)
    return relu(x)
