# ---
# jupyter:
#   sample:
#     says: a convolution as in mathematics; sizes rounded up
#     points: {conv_output_size: 0.83, conv2d: 0.2}
#     mistakes: {conv_output_size: rounded_up, conv2d: kernel_flipped}
# ---

# %% exercise="conv_output_size"
def conv_output_size(size, kernel, stride=1, padding=0):
    if kernel > size + 2 * padding:
        raise ValueError(f"{kernel} > {size} + 2 * {padding}")
    return -(-(size + 2 * padding - kernel) // stride) + 1


# %% exercise="conv2d"
def conv2d(x, weight, bias=None, stride=1, padding=0):
    n, o = len(x), len(weight)
    patches = F.unfold(x, weight.shape[2:], stride=stride, padding=padding)
    y = weight.flip(2, 3).reshape(o, -1) @ patches
    if bias is not None:
        y = y + bias.view(-1, 1)
    high = (x.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    return y.view(n, o, high, -1)
