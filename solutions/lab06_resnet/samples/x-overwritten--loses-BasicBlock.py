# ---
# jupyter:
#   sample:
#     says: the variable x holds the intermediate result when it is added
#     points: {BasicBlock: 0.2}
#     mistakes: {BasicBlock: x_overwritten}
# ---

# %% exercise="BasicBlock"
class BasicBlock(nn.Module):
    def __init__(self, in_channels, channels, stride=1, shortcut="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = make_shortcut(shortcut, in_channels, channels, stride)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(x))
        return F.relu(y + self.shortcut(x))
