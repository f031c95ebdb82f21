# ---
# jupyter:
#   sample:
#     says: reshape in place of a permutation; class maps built on it
#     points: {conv1x1_as_linear: 0}
#     mistakes: {conv1x1_as_linear: scrambled}
# ---

# %% exercise="conv1x1_as_linear"
def conv1x1_as_linear(x, weight, bias):
    n, c, h, w = x.shape
    y = F.linear(x.reshape(n * h * w, c), weight.reshape(-1, c), bias)
    return y.reshape(n, -1, h, w)
