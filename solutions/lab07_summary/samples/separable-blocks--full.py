# ---
# jupyter:
#   sample:
#     says: right answers; a small residual network of separable convolutions, intervals as a list
#     files: network.safetensors = separable.safetensors
# ---

# %% exercise="confidence_interval"
def confidence_interval(correct, total, z=1.96):
    a, b, c = 1 + z**2 / total, -2 * correct / total - z**2 / total, (correct / total) ** 2
    roots = [(-b + sign * max(b * b - 4 * a * c, 0.0) ** 0.5) / (2 * a) for sign in (-1, 1)]
    return roots


# %% exercise="pareto_front"
def pareto_front(networks):
    def beats(one, other):
        return one != other and one[0] <= other[0] and one[1] >= other[1]

    kept = [n for n in networks if not any(beats(m, networks[n]) for m in networks.values())]
    return sorted(sorted(kept), key=lambda n: networks[n][0])


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
