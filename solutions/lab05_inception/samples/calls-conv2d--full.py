# ---
# jupyter:
#   sample:
#     says: "the 1×1 convolution by a convolution: right, and told to a person"
#     flags: [built-in-used]
# ---

# %% exercise="conv1x1_as_linear"
def conv1x1_as_linear(x, weight, bias):
    return F.conv2d(x, weight, bias)
