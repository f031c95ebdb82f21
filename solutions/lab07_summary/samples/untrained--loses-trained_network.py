# ---
# jupyter:
#   sample:
#     says: a linear network as it was before training
#     points: {trained_network: 1}
#     files: network.safetensors = untrained.safetensors
# ---

# %% exercise="build_network"
def build_network():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
