# ---
# jupyter:
#   sample:
#     says: right answers by other formulas, the paper's initial weights
# ---

# %% exercise="local_response_norm"
def local_response_norm(x, size=5, k=2.0, alpha=1e-4, beta=0.75):
    place = torch.arange(x.shape[1])
    near = ((place[:, None] - place).abs() <= size // 2).to(x.dtype)
    total = torch.einsum("ij,njhw->nihw", near, x.pow(2))
    return x * torch.exp(-beta * torch.log(k + alpha * total))


# %% exercise="pca_lighting"
def pca_lighting(image, eigenvalues, eigenvectors, alphas):
    pixels = image.permute(1, 2, 0) + eigenvectors @ torch.diag(eigenvalues) @ alphas
    return pixels.permute(2, 0, 1)


# %% exercise="grouped_conv_parameters"
def grouped_conv_parameters(in_channels, out_channels, kernel, groups=1):
    one = (in_channels // groups) * (out_channels // groups) * kernel * kernel
    return groups * one + out_channels


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

        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.constant_(module.bias, 1.0)

    def forward(self, x):
        return self.classifier(self.features(x))
