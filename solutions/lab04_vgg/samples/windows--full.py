# ---
# jupyter:
#   sample:
#     says: right answers; the classifier on every window, a hand-written pass for memory
# ---

# %% exercise="to_fully_convolutional"
class Windows(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.features, self.classifier = deepcopy(model.features), deepcopy(model.classifier)

    def forward(self, x):
        maps = self.features(x)
        s = round((self.classifier[0].in_features / maps.shape[1]) ** 0.5)
        columns = nn.functional.unfold(maps, s).transpose(1, 2)
        scores = self.classifier(columns).transpose(1, 2)
        return scores.reshape(len(x), -1, maps.shape[2] - s + 1, maps.shape[3] - s + 1)


def to_fully_convolutional(model):
    return Windows(model)


# %% exercise="activation_memory"
def activation_memory(model, input_shape):
    sizes, handles = {}, []

    def watch(name, module):
        def hook(_, __, output):
            sizes.setdefault(name, []).append(output.element_size() * output.nelement())

        handles.append(module.register_forward_hook(hook))

    for name, module in model.named_modules():
        if len(list(module.children())) == 0:
            watch(name, module)
    first = list(model.parameters())[0]
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    with torch.no_grad():
        model(torch.zeros(*input_shape).to(first))
    for handle in handles:
        handle.remove()
    for module, mode in modes:
        module.train(mode)
    return {name: sum(several) for name, several in sizes.items()}


# %% exercise="make_vgg"
def make_vgg(config, num_classes=1000, width=1.0):
    def scaled(number):
        return max(1, round(width * number))

    def block(entry, channels):
        if isinstance(entry, str):
            return [nn.MaxPool2d(2) if entry == "M" else nn.LocalResponseNorm(5, 5e-4, 0.75, 2)]
        out, kernel = entry if isinstance(entry, (tuple, list)) else (entry, 3)
        return [nn.Conv2d(channels, scaled(out), kernel, padding="same"), nn.ReLU()]

    model, channels = nn.Sequential(), 3
    layers = []
    for entry in config:
        layers += block(entry, channels)
        channels = layers[-2].out_channels if isinstance(layers[-1], nn.ReLU) else channels
    sizes = [channels * 7 * 7, scaled(4096), scaled(4096)]
    hidden = [
        layer
        for a, b in zip(sizes, sizes[1:])
        for layer in (nn.Linear(a, b), nn.ReLU(), nn.Dropout(0.5))
    ]
    model.add_module("features", nn.Sequential(*layers))
    model.add_module("flat", nn.Flatten())
    model.add_module("classifier", nn.Sequential(*hidden, nn.Linear(sizes[-1], num_classes)))
    return model


# %% exercise="batch_norm_gradients"
def batch_norm_gradients(x, weight, grad_output, eps=1e-5):
    N, C, H, W = x.shape
    ones, zeros = torch.ones_like(weight), torch.zeros_like(weight)
    x_hat, _, _ = batch_norm(x, ones, zeros, zeros, ones, True, eps=eps)
    std = torch.sqrt(x.var((0, 2, 3), unbiased=False) + eps)
    dgamma = (grad_output * x_hat).sum((0, 2, 3))
    dbeta = grad_output.sum((0, 2, 3))
    dx = grad_output * N * H * W - dbeta.view(C, 1, 1) - x_hat * dgamma.view(C, 1, 1)
    return dx * (weight / std).view(C, 1, 1) / (N * H * W), dgamma, dbeta
