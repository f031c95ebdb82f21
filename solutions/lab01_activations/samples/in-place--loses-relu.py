# ---
# jupyter:
#   sample:
#     says: ReLU writes into its argument
#     points: {relu: 0.49}
# ---

# %% exercise="relu"
def relu(x):
    x[x < 0] = 0
    return x
