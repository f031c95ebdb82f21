# ---
# jupyter:
#   sample:
#     says: right answers with stages as Sequentials and a functional end
# ---

# %% exercise="conv1x1_as_linear"
def conv1x1_as_linear(x, weight, bias):
    layer = weight.squeeze(-1).squeeze(-1)
    y = torch.matmul(layer, x.flatten(2)) + bias.view(1, -1, 1)
    return y.unflatten(2, x.shape[2:])


# %% exercise="AuxiliaryHead"
class AuxiliaryHead(nn.Module):
    def __init__(self, in_channels, num_classes=1000, width=1.0):
        super().__init__()
        k, h = max(1, round(128 * width)), max(1, round(1024 * width))
        self.pool = nn.AvgPool2d(kernel_size=5, stride=3)
        self.conv = nn.Conv2d(in_channels, k, 1)
        self.fc1 = nn.Linear(k * 16, h)
        self.drop = nn.Dropout(p=0.7)
        self.fc2 = nn.Linear(h, num_classes)

    def forward(self, x):
        x = F.relu(self.conv(self.pool(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(self.drop(x))


# %% exercise="GoogLeNet"
class GoogLeNet(nn.Module):
    def __init__(self, num_classes=1000, width=1.0, aux=True):
        super().__init__()
        def n(number):
            return max(1, round(number * width))

        def blocks(names, channels):
            made = []
            for name in names:
                spec = TABLE[name].scaled(width)
                made.append(InceptionBlock(channels, spec))
                channels = spec.n1x1 + spec.n3x3 + spec.n5x5 + spec.pool_proj
            return nn.Sequential(*made), channels

        def pool():
            return nn.MaxPool2d(3, 2, ceil_mode=True)

        self.stem = nn.Sequential(
            nn.Conv2d(3, n(64), 7, stride=2, padding=3), nn.ReLU(inplace=True), pool(),
            nn.Conv2d(n(64), n(64), 1), nn.ReLU(inplace=True),
            nn.Conv2d(n(64), n(192), 3, padding=1), nn.ReLU(inplace=True), pool(),
        )
        self.first, c = blocks(["3a", "3b"], n(192))
        self.second, c1 = blocks(["4a"], c)
        self.third, c2 = blocks(["4b", "4c", "4d"], c1)
        self.fourth, c = blocks(["4e"], c2)
        self.fifth, c = blocks(["5a", "5b"], c)
        self.between = pool()
        self.aux = aux
        if aux:
            self.aux1 = AuxiliaryHead(c1, num_classes, width)
            self.aux2 = AuxiliaryHead(c2, num_classes, width)
        self.classifier = nn.Sequential(nn.Dropout(0.4), nn.Linear(c, num_classes))

    def forward(self, x):
        early = self.second(self.between(self.first(self.stem(x))))
        late = self.third(early)
        x = self.fifth(self.between(self.fourth(late)))
        x = F.avg_pool2d(x, 7).squeeze(-1).squeeze(-1)
        scores = self.classifier(x)
        if not (self.aux and self.training):
            return scores
        return scores, self.aux1(early), self.aux2(late)
