# ---
# jupyter:
#   sample:
#     says: scores through a softmax; the max-pooling of the ImageNet networks is missing
#     points: {ResNetCIFAR: 0.93, make_resnet: 1.23}
#     mistakes: {ResNetCIFAR: softmax, make_resnet: no_max_pool}
# ---

# %% exercise="ResNetCIFAR"
class ResNetCIFAR(nn.Module):
    def __init__(self, n, shortcut="A", num_classes=10, width=1.0):
        super().__init__()
        c = max(1, round(16 * width))
        layers = [nn.Conv2d(3, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU()]
        into = c
        for stage in range(3):
            for number in range(n):
                stride = 2 if stage and not number else 1
                layers.append(BasicBlock(into, c * 2**stage, stride, shortcut))
                into = c * 2**stage
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(into, num_classes)

    def forward(self, x):
        return self.head(self.layers(x).mean((2, 3))).softmax(dim=1)


# %% exercise="make_resnet"
def make_resnet(depth, num_classes=1000, width=1.0):
    counts = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3]}
    counts[152] = [3, 8, 36, 3]
    block, times = (BasicBlock, 1) if depth < 50 else (Bottleneck, 4)
    c = max(1, round(64 * width))
    layers = [nn.Conv2d(3, c, 7, 2, 3, bias=False), nn.BatchNorm2d(c), nn.ReLU()]
    into = c
    for stage, count in enumerate(counts[depth]):
        for number in range(count):
            layers.append(block(into, c * 2**stage, 2 if stage and not number else 1))
            into = times * c * 2**stage
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(into, num_classes)
    )
