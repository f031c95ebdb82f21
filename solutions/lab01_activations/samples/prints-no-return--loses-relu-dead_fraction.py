# ---
# jupyter:
#   sample:
#     says: prints the results and returns nothing
#     points: {relu: 0, dead_fraction: 0}
# ---

# %% exercise="relu"
def relu(x):
    print(x.clamp(min=0))


# %% exercise="dead_fraction"
def dead_fraction(activations):
    print((activations == 0).all(dim=0).float().mean().item())
