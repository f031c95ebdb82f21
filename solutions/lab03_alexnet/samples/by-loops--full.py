# ---
# jupyter:
#   sample:
#     says: right answers with loops, and AlexNet as a Sequential
# ---

# %% exercise="local_response_norm"
def local_response_norm(x, size=5, k=2.0, alpha=1e-4, beta=0.75):
    out = []
    for i in range(x.shape[1]):
        around = x[:, max(0, i - size // 2) : i + size // 2 + 1]
        out.append(x[:, i] / (k + alpha * (around * around).sum(1)).pow(beta))
    return torch.stack(out, 1)


# %% exercise="overlapping_pool_size"
def overlapping_pool_size(size, window=3, stride=2):
    count = 0
    while count * stride + window <= size:
        count += 1
    return count


# %% exercise="dropout"
def dropout(x, p, training, generator=None):
    if not training or p == 0:
        return x
    if p == 1:
        return 0 * x
    gone = torch.rand(x.size(), generator=generator) < p
    return torch.where(gone, torch.zeros_like(x), x / (1 - p))


# %% exercise="paper_dropout"
def paper_dropout(x, p, training, generator=None):
    return dropout(x, p, True, generator) * (1 - p) if training else x - p * x


# %% exercise="pca_lighting"
def pca_lighting(image, eigenvalues, eigenvectors, alphas):
    result = image.clone()
    for i in range(3):
        for channel in range(3):
            result[channel] += alphas[i] * eigenvalues[i] * eigenvectors[channel, i]
    return result


# %% exercise="grouped_conv_parameters"
def grouped_conv_parameters(in_channels, out_channels, kernel, groups=1):
    layer = nn.Conv2d(in_channels, out_channels, kernel, groups=groups, device="meta")
    return sum(p.numel() for p in layer.parameters())


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
            nn.Conv2d(a, b, 5, 1, 2, groups=2),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=5e-4, k=2),
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
