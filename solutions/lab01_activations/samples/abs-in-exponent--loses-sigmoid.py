# ---
# jupyter:
#   sample:
#     says: a safe sigmoid by |x|, whose slope autograd takes for 0 at 0
#     points: {sigmoid: 1.93}
#     mistakes: {sigmoid: flat_at_zero}
# ---

# %% exercise="sigmoid"
def sigmoid(x):
    decay = torch.exp(-x.abs())
    return torch.where(x >= 0, 1, decay) / (1 + decay)
