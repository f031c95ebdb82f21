# ---
# jupyter:
#   sample:
#     says: right answers; layers one by one, in-place sums, loops, hooks and backward
# ---

# %% exercise="residual_derivative"
def residual_derivative(df, x):
    x = x.detach()
    return torch.ones_like(x) + df(x)


# %% exercise="chain_gradient"
def chain_gradient(derivatives, residual):
    total = torch.ones_like(derivatives.sum(dim=0))
    for slope in derivatives:
        total = total * (slope + 1 if residual else slope)
    return total


# %% exercise="residual_jacobian"
def residual_jacobian(f, x):
    return torch.autograd.functional.jacobian(lambda z: f(z) + z, x)


# %% exercise="weakest_gradient"
def weakest_gradient(jacobian):
    values, vectors = torch.linalg.eigh(jacobian @ jacobian.T)
    return values[0].clamp(min=0).sqrt(), vectors[:, 0]


# %% exercise="make_shortcut"
class OptionA(nn.Module):
    def __init__(self, into, out, stride):
        super().__init__()
        self.into, self.out, self.stride = into, out, stride

    def forward(self, x):
        x = x[..., :: self.stride, :: self.stride]
        y = x.new_zeros(x.shape[0], self.out, *x.shape[2:])
        y[:, : self.into] = x
        return y


def make_shortcut(kind, in_channels, out_channels, stride):
    if kind == "A":
        return OptionA(in_channels, out_channels, stride)
    if kind == "B" and in_channels == out_channels and stride == 1:
        return nn.Sequential()
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


# %% exercise="BasicBlock"
class BasicBlock(nn.Module):
    def __init__(self, in_channels, channels, stride=1, shortcut="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = make_shortcut(shortcut, in_channels, channels, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


# %% exercise="Bottleneck"
class Bottleneck(nn.Module):
    def __init__(self, in_channels, channels, stride=1, shortcut="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.shortcut = make_shortcut(shortcut, in_channels, 4 * channels, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + self.shortcut(x))


# %% exercise="ResNetCIFAR"
class ResNetCIFAR(nn.Sequential):
    def __init__(self, n, shortcut="A", num_classes=10, width=1.0):
        wide = max(1, round(16 * width))
        layers = [nn.Conv2d(3, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
        layers += [BasicBlock(wide, wide, 1, shortcut) for _ in range(n)]
        for _ in range(2):
            layers += [BasicBlock(wide, 2 * wide, 2, shortcut)]
            wide *= 2
            layers += [BasicBlock(wide, wide, 1, shortcut) for _ in range(n - 1)]
        super().__init__(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(wide, num_classes)
        )


# %% exercise="gradient_norms"
def gradient_norms(model, loss):
    norms, handles = {}, []

    def watch(name):
        def forward(part, inputs, output):
            norms[name] = 0.0

            def arrived(gradient):
                norms[name] = gradient.flatten().norm().item()

            handles.append(output.register_hook(arrived))

        return forward

    handles += [part.register_forward_hook(watch(name)) for name, part in model.named_children()]
    before = [p.grad for p in model.parameters()]
    model.zero_grad(set_to_none=True)
    try:
        loss().backward()
    finally:
        for p, grad in zip(model.parameters(), before):
            p.grad = grad
        for handle in handles:
            handle.remove()
    return norms
