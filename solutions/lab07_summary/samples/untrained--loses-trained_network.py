# ---
# jupyter:
#   sample:
#     says: a network with one hidden layer, as it was before training
#     points: {trained_network: 0.75}
#     files: network.safetensors = untrained.safetensors
# ---

# %% exercise="build_network"
def build_network():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 10))
