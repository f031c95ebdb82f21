# ---
# jupyter:
#   sample:
#     says: kernels added up; biases counted
#     points: {receptive_field: 0, stack_parameters: 0}
#     mistakes: {receptive_field: kernels_added, stack_parameters: with_biases}
# ---

# %% exercise="receptive_field"
def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += kernel * step
        step *= stride
    return size


# %% exercise="stack_parameters"
def stack_parameters(channels, kernel, depth):
    return depth * channels * (channels * kernel**2 + 1)
