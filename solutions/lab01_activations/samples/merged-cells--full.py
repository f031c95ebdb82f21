# ---
# jupyter:
#   sample:
#     says: two answers in one cell, the other cell deleted
#     flags: [merged-answer]
#     edits: [drop:leaky_relu_answer]
# ---

# %% exercise="relu"
def relu(x):
    return x.clamp(min=0)


def leaky_relu(x, negative_slope=0.01):
    return torch.where(x > 0, x, negative_slope * x)
