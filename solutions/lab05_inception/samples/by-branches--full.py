# ---
# jupyter:
#   sample:
#     says: "right answers by other means: branches as Sequentials, functional dropout in the heads, heads made between the blocks"
# ---

# %% exercise="conv1x1_as_linear"
def conv1x1_as_linear(x, weight, bias):
    n, c, h, w = x.shape
    flat = x.permute(0, 2, 3, 1).reshape(-1, c)
    out = flat @ weight.reshape(-1, c).T + bias
    return out.reshape(n, h, w, -1).permute(0, 3, 1, 2)


# %% exercise="inception_cost"
def inception_cost(in_channels, spec, height, width):
    def conv(i, o, k):
        return i * o * k * k * height * width

    naive = conv(in_channels, spec.n1x1, 1) + conv(in_channels, spec.n3x3, 3)
    naive += conv(in_channels, spec.n5x5, 5)
    reduced = (
        conv(in_channels, spec.n1x1, 1)
        + conv(in_channels, spec.n3x3_reduce, 1) + conv(spec.n3x3_reduce, spec.n3x3, 3)
        + conv(in_channels, spec.n5x5_reduce, 1) + conv(spec.n5x5_reduce, spec.n5x5, 5)
        + conv(in_channels, spec.pool_proj, 1)
    )
    return {"naive": naive, "reduced": reduced}


# %% exercise="InceptionBlock"
class InceptionBlock(nn.Module):
    def __init__(self, in_channels, spec):
        super().__init__()
        self.b1 = nn.Sequential(nn.Conv2d(in_channels, spec.n1x1, 1), nn.ReLU())
        self.b2 = nn.Sequential(
            nn.Conv2d(in_channels, spec.n3x3_reduce, 1), nn.ReLU(),
            nn.Conv2d(spec.n3x3_reduce, spec.n3x3, 3, padding=1), nn.ReLU(),
        )
        self.b3 = nn.Sequential(
            nn.Conv2d(in_channels, spec.n5x5_reduce, 1), nn.ReLU(),
            nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5, padding=2), nn.ReLU(),
        )
        self.b4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1),
            nn.Conv2d(in_channels, spec.pool_proj, 1), nn.ReLU(),
        )

    def forward(self, x):
        return torch.cat([self.b1(x), self.b2(x), self.b3(x), self.b4(x)], 1)


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
        x = F.relu(self.fc1(x))
        x = F.dropout(x, 0.7, training=self.training)
        return self.fc2(x)


# %% exercise="GoogLeNet"
class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000, width=1.0, aux=True):
        super().__init__()
        s = lambda n: max(1, round(n * width))
        self.conv1 = nn.Conv2d(3, s(64), 7, 2, 3)
        self.conv2 = nn.Conv2d(s(64), s(64), 1)
        self.conv3 = nn.Conv2d(s(64), s(192), 3, padding=1)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
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


# %% exercise="auxiliary_loss"
def auxiliary_loss(main, aux1, aux2, labels):
    ce = nn.CrossEntropyLoss()
    return ce(main, labels) + 0.3 * ce(aux1, labels) + 0.3 * ce(aux2, labels)


# %% exercise="class_maps"
def class_maps(maps, weight, bias):
    return F.conv2d(maps, weight.reshape(*weight.shape, 1, 1), bias)
