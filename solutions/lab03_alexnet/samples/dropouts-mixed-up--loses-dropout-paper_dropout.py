# ---
# jupyter:
#   sample:
#     says: each kind of dropout in the place of the other
#     points: {dropout: 2.11, paper_dropout: 0.98}
#     mistakes: {dropout: unscaled, paper_dropout: inverted}
# ---

# %% exercise="dropout"
def dropout(x, p, training, generator=None):
    if not training:
        return (1 - p) * x
    return x * (torch.rand(x.shape, generator=generator) >= p)


# %% exercise="paper_dropout"
def paper_dropout(x, p, training, generator=None):
    if not training:
        return x
    kept = torch.rand(x.shape, generator=generator) >= p
    return x * kept / (1 - p)
