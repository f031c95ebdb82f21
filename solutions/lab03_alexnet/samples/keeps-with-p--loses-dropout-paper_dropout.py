# ---
# jupyter:
#   sample:
#     says: p taken for the probability of being kept
#     points: {dropout: 0.78, paper_dropout: 0.27}
#     mistakes: {dropout: p_is_kept, paper_dropout: p_is_kept}
# ---

# %% exercise="dropout"
def dropout(x, p, training, generator=None):
    if not training:
        return x
    kept = torch.rand(x.shape, generator=generator) < p
    return x * kept / p if p > 0 else 0 * x


# %% exercise="paper_dropout"
def paper_dropout(x, p, training, generator=None):
    return x * (torch.rand(x.shape, generator=generator) < p) if training else x * p
