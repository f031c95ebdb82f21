# ---
# jupyter:
#   sample:
#     says: a softmax at the end of the network, trained well all the same
#     points: {build_network: 4.09}
#     mistakes: {build_network: probabilities}
#     files: network.safetensors = good.safetensors
# ---

# %% exercise="build_network"
def build_network():
    layers = []
    for into, out in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(into, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if out < 64 else []
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 7 * 7, 10), nn.Softmax(dim=1))
