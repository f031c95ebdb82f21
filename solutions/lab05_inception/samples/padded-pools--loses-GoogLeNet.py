# ---
# jupyter:
#   sample:
#     says: poolings with padding in place of ceil_mode
#     points: {GoogLeNet: 2.11}
#     mistakes: {GoogLeNet: padded_pool}
# ---

# %% exercise="GoogLeNet"
class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000, width=1.0, aux=True):
        super().__init__()
        s = lambda n: max(1, round(n * width))
        self.conv1 = nn.Conv2d(3, s(64), 7, 2, 3)
        self.conv2 = nn.Conv2d(s(64), s(64), 1)
        self.conv3 = nn.Conv2d(s(64), s(192), 3, padding=1)
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        channels = s(192)
        self.names = list(TABLE)
        self.aux1 = self.aux2 = None
        for name in self.names:
            spec = TABLE[name].scaled(width)
            setattr(self, "inception" + name, InceptionBlock(channels, spec))
            channels = spec.n1x1 + spec.n3x3 + spec.n5x5 + spec.pool_proj
            if aux and name == "4a":
                self.aux1 = AuxiliaryHead(channels, num_classes, width)
            if aux and name == "4d":
                self.aux2 = AuxiliaryHead(channels, num_classes, width)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.4)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = F.relu(self.conv2(x))
        x = self.pool(F.relu(self.conv3(x)))
        aux1 = aux2 = None
        for name in self.names:
            if name in ("4a", "5a"):
                x = self.pool(x)
            x = getattr(self, "inception" + name)(x)
            if name == "4a" and self.aux1 is not None and self.training:
                aux1 = self.aux1(x)
            if name == "4d" and self.aux2 is not None and self.training:
                aux2 = self.aux2(x)
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        x = self.classifier(x)
        if self.training and aux1 is not None:
            return x, aux1, aux2
        return x
