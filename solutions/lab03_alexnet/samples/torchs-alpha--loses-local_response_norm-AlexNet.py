# ---
# jupyter:
#   sample:
#     says: α of PyTorch's layer taken for the paper's, in both places
#     points: {local_response_norm: 0.11, AlexNet: 3.48}
#     mistakes: {local_response_norm: average, AlexNet: alpha_of_the_average}
#     flags: [built-in-used]
# ---

# %% exercise="local_response_norm"
def local_response_norm(x, size=5, k=2.0, alpha=1e-4, beta=0.75):
    return F.local_response_norm(x, size, alpha=alpha, beta=beta, k=k)


# %% exercise="AlexNet"
class AlexNet(nn.Module):
    def __init__(self, num_classes=1000, width=1.0):
        super().__init__()
        a, b, c, d, e = (scaled(n, width) for n in (96, 256, 384, 384, 256))
        h = scaled(4096, width)
        self.features = nn.Sequential(
            nn.Conv2d(3, a, kernel_size=11, stride=4),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=1e-4, k=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, 1, 2, groups=2),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=1e-4, k=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(c, d, 3, 1, 1, groups=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(d, e, 3, 1, 1, groups=2),
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
