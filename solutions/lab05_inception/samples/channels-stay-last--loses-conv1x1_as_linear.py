# ---
# jupyter:
#   sample:
#     says: forgets to bring the channels back
#     points: {conv1x1_as_linear: 0}
#     mistakes: {conv1x1_as_linear: channels_last}
# ---

# %% exercise="conv1x1_as_linear"
def conv1x1_as_linear(x, weight, bias):
    return F.linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0], bias)
