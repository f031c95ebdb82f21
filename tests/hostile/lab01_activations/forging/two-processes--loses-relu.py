# ---
# jupyter:
#   sample:
#     says: a function that answers twice, as two processes
#     points: {relu: 0}
# ---

# %% exercise="relu"
import os


def relu(x):
    os.fork()
    return x
