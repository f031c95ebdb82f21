# ---
# jupyter:
#   sample:
#     says: nine outputs
#     points: {build_network: 2.27, trained_network: 0}
#     mistakes: {build_network: nine_classes}
#     files: network.safetensors = nine.safetensors
# ---

# %% exercise="build_network"
def build_network():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 9))
