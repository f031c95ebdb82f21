# ---
# jupyter:
#   sample:
#     says: the head's dropout one layer too early
#     points: {AuxiliaryHead: 2.41}
# ---

# %% exercise="AuxiliaryHead"
class AuxiliaryHead(nn.Module):
    def __init__(self, in_channels, num_classes=1000, width=1.0):
        super().__init__()
        k, h = max(1, round(128 * width)), max(1, round(1024 * width))
        self.pool = nn.AvgPool2d(kernel_size=5, stride=3)
        self.conv = nn.Conv2d(in_channels, k, 1)
        self.fc1 = nn.Linear(k * 16, h)
        self.fc2 = nn.Linear(h, num_classes)

    def forward(self, x):
        x = F.relu(self.conv(self.pool(x)))
        x = torch.flatten(x, 1)
        x = F.dropout(x, 0.7, training=self.training)
        x = F.relu(self.fc1(x))
        return self.fc2(x)
