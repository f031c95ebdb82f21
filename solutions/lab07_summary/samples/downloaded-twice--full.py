# ---
# jupyter:
#   sample:
#     says: weights as a browser names a second download
#     flags: [wrong-file-name]
#     files: network (1).safetensors = separable.safetensors
# ---

# %% exercise="build_network"
class Separable(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return x + torch.relu(self.norm(self.pointwise(self.depthwise(x))))


def build_network():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, stride=2, padding=2, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        Separable(32),
        nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        Separable(64),
        nn.Flatten(),
        nn.Linear(64 * 49, 10),
    )
