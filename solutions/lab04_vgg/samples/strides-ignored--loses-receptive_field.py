# ---
# jupyter:
#   sample:
#     says: receptive field without strides
#     points: {receptive_field: 0.46}
#     mistakes: {receptive_field: strides_ignored}
# ---

# %% exercise="receptive_field"
def receptive_field(layers):
    return 1 + sum(kernel - 1 for kernel, stride in layers)
