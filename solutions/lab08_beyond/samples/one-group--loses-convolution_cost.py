# ---
# jupyter:
#   sample:
#     says: the cost of a single group, and no error
#     points: {convolution_cost: 0.5}
#     mistakes: {convolution_cost: divided_twice}
# ---

# %% exercise="convolution_cost"
def convolution_cost(in_channels, out_channels, kernel, height, width, groups=1):
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError
    weights = (in_channels // groups) * (out_channels // groups) * kernel**2
    return weights, weights * height * width
