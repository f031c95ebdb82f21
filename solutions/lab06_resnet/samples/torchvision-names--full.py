# ---
# jupyter:
#   sample:
#     says: right answers in torchvision's form, layer1 to layer4, the shortcut called downsample
# ---

# %% exercise="make_shortcut"
def make_shortcut(kind, in_channels, out_channels, stride):
    if kind == "A":
        return Lambda(
            lambda x: torch.cat(
                [
                    x[:, :, ::stride, ::stride],
                    torch.zeros_like(x[:, :1, ::stride, ::stride]).repeat(
                        1, out_channels - in_channels, 1, 1
                    ),
                ],
                dim=1,
            )
        )
    if kind == "C" or stride != 1 or in_channels != out_channels:
        conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(out_channels))
    return nn.Identity()


class Lambda(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


# %% exercise="BasicBlock"
class BasicBlock(nn.Module):
    def __init__(self, in_channels, channels, stride=1, shortcut="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = make_shortcut(shortcut, in_channels, channels, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.downsample(x))


# %% exercise="make_resnet"
class ResNet(nn.Module):
    def __init__(self, block, expansion, layers, num_classes, width):
        super().__init__()
        self.planes = planes = max(1, round(64 * width))
        self.conv1 = nn.Conv2d(3, planes, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self.stage(block, expansion, planes, layers[0], 1)
        self.layer2 = self.stage(block, expansion, 2 * planes, layers[1], 2)
        self.layer3 = self.stage(block, expansion, 4 * planes, layers[2], 2)
        self.layer4 = self.stage(block, expansion, 8 * planes, layers[3], 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(self.planes, num_classes)

    def stage(self, block, expansion, channels, number, stride):
        blocks = []
        for place in range(number):
            blocks.append(block(self.planes, channels, stride if place == 0 else 1))
            self.planes = expansion * channels
        return nn.Sequential(*blocks)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def make_resnet(depth, num_classes=1000, width=1.0):
    block, expansion, layers = {
        18: (BasicBlock, 1, [2, 2, 2, 2]),
        34: (BasicBlock, 1, [3, 4, 6, 3]),
        50: (Bottleneck, 4, [3, 4, 6, 3]),
        101: (Bottleneck, 4, [3, 4, 23, 3]),
        152: (Bottleneck, 4, [3, 8, 36, 3]),
    }[depth]
    return ResNet(block, expansion, layers, num_classes, width)
