# ---
# jupyter:
#   sample:
#     says: no groups, every convolution sees all maps
#     points: {AlexNet: 2.85}
#     mistakes: {AlexNet: ungrouped}
# ---

# %% exercise="AlexNet"
class AlexNet(nn.Module):
    def __init__(self, num_classes=1000, width=1.0):
        super().__init__()
        a, b, c, d, e = (scaled(n, width) for n in (96, 256, 384, 384, 256))
        h = scaled(4096, width)
        self.features = nn.Sequential(
            nn.Conv2d(3, a, kernel_size=11, stride=4),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=5e-4, k=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, 1, 2, groups=1),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=5e-4, k=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(c, d, 3, 1, 1, groups=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(d, e, 3, 1, 1, groups=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(e * 36, h),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(h, h),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(h, num_classes),
        )

    def forward(self, x):
        return self.classifier(self.features(x))
