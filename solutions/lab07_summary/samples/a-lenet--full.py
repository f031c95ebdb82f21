# ---
# jupyter:
#   sample:
#     says: right answers; a LeNet with BatchNorm, intervals by roots of a polynomial, a double loop
#     files: network.safetensors = lenet.safetensors
# ---

# %% exercise="confidence_interval"
def confidence_interval(correct, total, z=1.96):
    p = correct / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * (p * (1 - p) / total + z * z / (4 * total * total)) ** 0.5
    return centre - half, centre + half


# %% exercise="pareto_front"
def pareto_front(networks):
    kept = []
    for name, (cost, score) in networks.items():
        beaten = False
        for other_cost, other_score in networks.values():
            if other_cost <= cost and other_score >= score:
                beaten = beaten or other_cost < cost or other_score > score
        if not beaten:
            kept.append((cost, name))
    return [name for _, name in sorted(kept)]


# %% exercise="build_network"
class BatchNormLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(1, 8, 5, padding=2), nn.BatchNorm2d(8)
        self.c2, self.b2 = nn.Conv2d(8, 24, 5), nn.BatchNorm2d(24)
        self.f1, self.f2 = nn.Linear(24 * 25, 96), nn.Linear(96, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.b1(self.c1(x))), 2)
        x = F.max_pool2d(torch.relu(self.b2(self.c2(x))), 2)
        return self.f2(torch.relu(self.f1(x.flatten(1))))


def build_network():
    return BatchNormLeNet()
