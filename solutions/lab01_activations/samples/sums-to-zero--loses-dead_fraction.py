# ---
# jupyter:
#   sample:
#     says: calls a unit dead when its outputs add up to nothing
#     points: {dead_fraction: 1.8}
#     mistakes: {dead_fraction: sum_is_zero}
# ---

# %% exercise="dead_fraction"
def dead_fraction(activations):
    return (activations.sum(dim=0) == 0).float().mean().item()
