# ---
# jupyter:
#   sample:
#     says: a power that takes hours and can't be interrupted
#     points: {relu: 0}
# ---

# %% exercise="relu"
def relu(x):
    return 7 ** 7 ** 9
