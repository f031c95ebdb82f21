# ---
# jupyter:
#   sample:
#     says: the function has another name
#     points: {dead_fraction: 0}
# ---

# %% exercise="dead_fraction"
def dead_units(activations):
    return (activations == 0).all(dim=0).float().mean().item()
