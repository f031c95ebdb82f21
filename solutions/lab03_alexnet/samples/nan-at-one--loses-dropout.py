# ---
# jupyter:
#   sample:
#     says: no thought of p = 1, and the generator forgotten
#     points: {dropout: 3.35}
#     mistakes: {dropout: own_generator}
# ---

# %% exercise="dropout"
def dropout(x, p, training, generator=None):
    if not training:
        return x
    return x * (torch.rand(x.shape) >= p) / (1 - p)
