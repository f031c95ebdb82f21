# ---
# jupyter:
#   sample:
#     says: squeeze() at the end, so that one image loses its batch axis
#     points: {build_network: 4.09}
#     mistakes: {build_network: squeezed}
#     files: network.safetensors = good.safetensors
# ---

# %% exercise="build_network"
class Squeezing(nn.Sequential):
    def forward(self, x):
        return super().forward(x).squeeze()


def build_network():
    layers = []
    for into, out in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(into, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if out < 64 else []
    return Squeezing(*layers, nn.Flatten(), nn.Linear(64 * 7 * 7, 10))
