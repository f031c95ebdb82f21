# ---
# jupyter:
#   sample:
#     says: the bias lands on the last axis; the parameters have no bias at all
#     points: {conv2d: 0.59, conv_parameters: 0.48}
#     mistakes: {conv2d: bias_per_column, conv_parameters: bias_ignored}
# ---

# %% exercise="conv2d"
def conv2d(x, weight, bias=None, stride=1, padding=0):
    patches = F.unfold(x, weight.shape[2:], stride=stride, padding=padding)
    y = weight.flatten(1) @ patches
    rows = conv_output_size(x.shape[2], weight.shape[2], stride, padding)
    y = y.unflatten(2, (rows, -1))
    return y if bias is None else y + bias.repeat(y.shape[3])[: y.shape[3]]


# %% exercise="conv_parameters"
def conv_parameters(in_channels, out_channels, kernel, bias=True):
    return in_channels * out_channels * kernel * kernel
