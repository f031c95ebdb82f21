# ---
# jupyter:
#   sample:
#     says: an answer below the stub's raise, which was left in
#     points: {dead_fraction: 0}
# ---

# %% exercise="dead_fraction"
def dead_fraction(activations):
    raise NotImplementedError()
    return (activations == 0).all(dim=0).float().mean().item()
