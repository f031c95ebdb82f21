# ---
# jupyter:
#   sample:
#     says: a linear network, trained as well as it goes
#     points: {build_network: 0.91, trained_network: 5.88}
#     files: network.safetensors = linear.safetensors
# ---

# %% exercise="build_network"
def build_network():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
