# ---
# jupyter:
#   sample:
#     says: decides with if for the whole tensor
#     points: {relu: 0.06, leaky_relu: 0.05}
# ---

# %% exercise="relu"
def relu(x):
    return x if x > 0 else 0 * x


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return max(x, negative_slope * x)
