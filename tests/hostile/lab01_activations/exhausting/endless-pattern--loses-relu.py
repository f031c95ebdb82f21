# ---
# jupyter:
#   sample:
#     says: a regular expression that backtracks for years and holds the lock
#     points: {relu: 0}
# ---

# %% exercise="relu"
import re


def relu(x):
    return re.match(r"(a+)+b", "a" * 60)
