# ---
# jupyter:
#   sample:
#     says: right answers in other words
# ---

# %% exercise="convolution_cost"
def convolution_cost(in_channels, out_channels, kernel, height, width, groups=1):
    if groups < 1:
        raise ValueError("at least one group")
    for channels in (in_channels, out_channels):
        if channels % groups != 0:
            raise ValueError(f"{channels} channels in {groups} groups")
    one = (in_channels // groups) * (out_channels // groups) * kernel**2
    return groups * one, groups * one * height * width


# %% exercise="SeparableBlock"
class SeparableBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.mix = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.look = nn.Conv2d(in_channels, in_channels, 3, stride, 1, bias=False, groups=in_channels)

    def forward(self, x):
        x = F.relu(self.bn1(self.look(x)))
        return F.relu(self.bn2(self.mix(x)))


# %% exercise="merge_paths"
def merge_paths(reduce, transform, expand):
    return torch.cat(list(reduce)), torch.cat(list(transform)), torch.cat(list(expand), dim=1)


# %% exercise="DenseBlock"
class DenseLayer(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        self.bn = nn.BatchNorm2d(width)
        self.conv = nn.Conv2d(width, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv(F.relu(self.bn(x)))], 1)


class DenseBlock(nn.Sequential):
    def __init__(self, in_channels, growth_rate, layers):
        super().__init__(
            *[DenseLayer(in_channels + n * growth_rate, growth_rate) for n in range(layers)]
        )


# %% exercise="TransferNet"
class TransferNet(nn.Module):
    def __init__(self, backbone, num_features, num_classes):
        super().__init__()
        self.trunk = copy.deepcopy(backbone)
        for parameter in self.trunk.parameters():
            parameter.requires_grad = False
        self.fc = nn.Linear(num_features, num_classes)

    def forward(self, x):
        return self.fc(self.trunk.eval()(x))


# %% exercise="saliency"
def saliency(model, images, classes):
    maps = []
    for image, k in zip(images, classes):
        x = image[None].clone().requires_grad_()
        (slope,) = torch.autograd.grad(model(x)[0, k], x)
        maps.append(slope[0].abs().max(dim=0).values)
    return torch.stack(maps)


# %% exercise="fast_gradient_sign"
def fast_gradient_sign(model, images, labels, epsilon):
    change = torch.zeros_like(images, requires_grad=True)
    loss = nn.CrossEntropyLoss(reduction="sum")(model(images + change), labels)
    direction = torch.sign(torch.autograd.grad(loss, change)[0])
    return torch.clip(images + epsilon * direction, 0, 1)


# %% exercise="fooling_images"
def fooling_images(model, images, targets, epsilon, step=0.01, steps=10):
    change = torch.zeros_like(images)
    for _ in range(steps):
        x = (images + change).requires_grad_()
        gain = model(x).log_softmax(1).gather(1, targets[:, None]).sum()
        change = change + step * torch.autograd.grad(gain, x)[0].sign()
        change = change.clamp(-epsilon, epsilon)
        change = (images + change).clamp(0, 1) - images
    return images + change
