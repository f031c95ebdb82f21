# ---
# jupyter:
#   sample:
#     says: "BatchNorm2d with two numbers of channels: the second is epsilon"
#     points: {BasicBlock: 0.2, Bottleneck: 0.2}
# ---

# %% exercise="BasicBlock"
class BasicBlock(nn.Module):
    def __init__(self, in_channels, channels, stride=1, shortcut="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels, channels)
        self.shortcut = make_shortcut(shortcut, in_channels, channels, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


# %% exercise="Bottleneck"
class Bottleneck(nn.Module):
    def __init__(self, in_channels, channels, stride=1, shortcut="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels, channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * channels, 4 * channels)
        self.shortcut = make_shortcut(shortcut, in_channels, 4 * channels, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + self.shortcut(x))
