# ---
# jupyter:
#   sample:
#     says: answers with a list in a list in a list
#     points: {relu: 0}
# ---

# %% exercise="relu"
def relu(x):
    value = []
    for _ in range(100_000):
        value = [value]
    return value
