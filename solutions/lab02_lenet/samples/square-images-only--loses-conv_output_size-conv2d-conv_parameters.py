# ---
# jupyter:
#   sample:
#     says: height and width taken for equal; no error for a wide kernel; 0.5 output biases
#     points: {conv_output_size: 1.94, conv2d: 1.18, conv_parameters: 0.48}
#     mistakes: {conv_parameters: bias_per_connection}
# ---

# %% exercise="conv_output_size"
def conv_output_size(size, kernel, stride=1, padding=0):
    return (size - kernel + 2 * padding) // stride + 1


# %% exercise="conv2d"
def conv2d(x, weight, bias=None, stride=1, padding=0):
    n, c, h, w = x.shape
    o, _, k, _ = weight.shape
    patches = F.unfold(x, k, stride=stride, padding=padding)
    y = weight.view(o, -1) @ patches
    if bias is not None:
        y += bias.view(o, 1)
    side = conv_output_size(h, k, stride, padding)
    return y.view(n, o, side, side)


# %% exercise="conv_parameters"
def conv_parameters(in_channels, out_channels, kernel, bias=True):
    return out_channels * in_channels * (kernel**2 + int(bias))
