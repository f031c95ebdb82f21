# ---
# jupyter:
#   sample:
#     says: the head's pooling as torchvision has it
#     points: {AuxiliaryHead: 0.79}
#     mistakes: {AuxiliaryHead: adaptive_heads}
# ---

# %% exercise="AuxiliaryHead"
class AuxiliaryHead(nn.Module):
    def __init__(self, in_channels, num_classes=1000, width=1.0):
        super().__init__()
        k, h = max(1, round(128 * width)), max(1, round(1024 * width))
        self.pool = nn.AdaptiveAvgPool2d((4, 4))
        self.conv = nn.Conv2d(in_channels, k, 1)
        self.fc1 = nn.Linear(k * 16, h)
        self.fc2 = nn.Linear(h, num_classes)

    def forward(self, x):
        x = F.relu(self.conv(self.pool(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, 0.7, training=self.training)
        return self.fc2(x)
