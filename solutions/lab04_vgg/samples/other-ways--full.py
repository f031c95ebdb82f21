# ---
# jupyter:
#   sample:
#     says: right answers, backwards from the output, as a class, by backward
# ---

# %% exercise="receptive_field"
def receptive_field(layers):
    size = 1
    for k, s in reversed(layers):
        size = (size - 1) * s + k
    return size


# %% exercise="stack_parameters"
def stack_parameters(channels, kernel, depth):
    return sum((channels * kernel) ** 2 for _ in range(depth))


# %% exercise="effective_receptive_field"
def effective_receptive_field(network, images):
    x = images.detach().clone().requires_grad_(True)
    y = network(x)
    y[:, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    total = x.grad.abs().sum(0).sum(0)
    return total / total.sum()


# %% exercise="VGG_CONFIGS"
def column(counts):
    result = []
    for count, channels in zip(counts, (64, 128, 256, 512, 512)):
        result += [channels] * count + ["M"]
    return result


VGG_CONFIGS = {
    "A": column((1, 1, 2, 2, 2)),
    "B": column((2, 2, 2, 2, 2)),
    "D": column((2, 2, 3, 3, 3)),
    "E": column((2, 2, 4, 4, 4)),
}
VGG_CONFIGS["A-LRN"] = [64, "LRN"] + VGG_CONFIGS["A"][1:]
VGG_CONFIGS["C"] = list(VGG_CONFIGS["D"])
for place in (8, 12, 16):
    VGG_CONFIGS["C"][place] = (VGG_CONFIGS["C"][place], 1)


# %% exercise="make_vgg"
class VGG(nn.Module):
    def __init__(self, config, num_classes, width):
        super().__init__()
        layers, before = [], 3
        for entry in config:
            if entry == "M":
                layers += [nn.MaxPool2d(2, stride=2)]
            elif entry == "LRN":
                layers += [nn.LocalResponseNorm(5, alpha=5e-4, k=2)]
            else:
                after, kernel = (entry, 3) if isinstance(entry, int) else entry
                after = max(1, round(after * width))
                layers += [nn.Conv2d(before, after, kernel, padding=(kernel - 1) // 2)]
                layers += [nn.ReLU(inplace=True)]
                before = after
        self.features = nn.Sequential(*layers)
        units = max(1, round(4096 * width))
        self.classifier = nn.Sequential(
            nn.Linear(before * 49, units), nn.ReLU(), nn.Dropout(),
            nn.Linear(units, units), nn.ReLU(), nn.Dropout(),
            nn.Linear(units, num_classes),
        )

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def make_vgg(config, num_classes=1000, width=1.0):
    return VGG(config, num_classes, width)


# %% exercise="activation_memory"
def activation_memory(model, input_shape):
    names = {module: name for name, module in model.named_modules() if not list(module.children())}
    result = dict.fromkeys(names.values(), 0)

    def hook(module, inputs, output):
        result[names[module]] += output.nbytes

    handles = [module.register_forward_hook(hook) for module in names]
    like = next(model.parameters())
    modes = [module.training for module in model.modules()]
    with torch.no_grad():
        model.eval()(like.new_zeros(input_shape))
    for handle in handles:
        handle.remove()
    for module, mode in zip(model.modules(), modes):
        module.training = mode
    return result


# %% exercise="layer_flops"
def layer_flops(model, input_shape):
    kinds = (nn.Conv2d, nn.Linear)
    names = {module: name for name, module in model.named_modules() if isinstance(module, kinds)}
    result = dict.fromkeys(names.values(), 0)

    def hook(module, inputs, output):
        places = output.numel() // module.weight.shape[0]
        result[names[module]] += 2 * places * module.weight.numel()

    handles = [module.register_forward_hook(hook) for module in names]
    like = next(model.parameters())
    modes = [module.training for module in model.modules()]
    with torch.no_grad():
        model.eval()(like.new_zeros(input_shape))
    for handle in handles:
        handle.remove()
    for module, mode in zip(model.modules(), modes):
        module.training = mode
    return result


# %% exercise="to_fully_convolutional"
class Dense(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = deepcopy(model)

    def forward(self, x):
        x = self.model.features(x)
        for layer in self.model.classifier:
            if isinstance(layer, nn.Linear):
                side = int(round((layer.in_features / x.shape[1]) ** 0.5))
                kernel = layer.weight.reshape(-1, x.shape[1], side, side)
                x = nn.functional.conv2d(x, kernel, layer.bias)
            else:
                x = layer(x)
        return x


def to_fully_convolutional(model):
    return Dense(model)


# %% exercise="initialise_from"
def numbered(model):
    stages = "".join("M" if isinstance(m, nn.MaxPool2d) else "c" * isinstance(m, nn.Conv2d)
                     for m in model.features).split("M")
    return [(stage, place) for stage, some in enumerate(stages) for place in range(len(some))]


def initialise_from(deep, shallow):
    old = [layer for layer in shallow.features if isinstance(layer, nn.Conv2d)]
    new = [layer for layer in deep.features if isinstance(layer, nn.Conv2d)]
    for here, there in enumerate(map(numbered(deep).index, numbered(shallow)[:4])):
        new[there].weight.data.copy_(old[here].weight.data)
        new[there].bias.data.copy_(old[here].bias.data)
    for number in (0, 3, 6):
        deep.classifier[number].weight.data.copy_(shallow.classifier[number].weight.data)
        deep.classifier[number].bias.data.copy_(shallow.classifier[number].bias.data)
