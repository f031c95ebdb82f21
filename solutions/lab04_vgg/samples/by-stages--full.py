# ---
# jupyter:
#   sample:
#     says: right answers by other means; the table with pairs only, the transfer by stages
# ---

# %% exercise="receptive_field"
def receptive_field(layers):
    return 1 + sum(
        (kernel - 1) * int(torch.tensor([stride for _, stride in layers[:i]] + [1]).prod())
        for i, (kernel, _) in enumerate(layers)
    )


# %% exercise="stack_parameters"
def stack_parameters(channels, kernel, depth):
    layer = nn.Conv2d(channels, channels, kernel, bias=False, device="meta")
    return depth * layer.weight.numel()


# %% exercise="effective_receptive_field"
def effective_receptive_field(network, images):
    def centre(x):
        y = network(x).sum(dim=(0, 1))
        return y[y.shape[0] // 2, y.shape[1] // 2]

    slope = torch.func.grad(centre)(images)
    total = slope.abs().mean(dim=(0, 1))
    return total / total.sum()


# %% exercise="VGG_CONFIGS"
A = [(64, 3), "M", (128, 3), "M", (256, 3), (256, 3), "M", (512, 3), (512, 3), "M", (512, 3),
     (512, 3), "M"]
VGG_CONFIGS = {
    "A": A,
    "A-LRN": A[:1] + ["LRN"] + A[1:],
    "B": [(64, 3), *A[:2], (128, 3), *A[2:]],
    "C": [64, 64, "M", 128, 128, "M", 256, 256, (256, 1), "M", 512, 512, (512, 1), "M",
          512, 512, (512, 1), "M"],
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "E": [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"],
}


# %% exercise="initialise_from"
def initialise_from(deep, shallow):
    def stages(model):
        found = [[]]
        for layer in model.features:
            if isinstance(layer, nn.MaxPool2d):
                found.append([])
            if isinstance(layer, nn.Conv2d):
                found[-1].append(layer)
        return found

    left = 4
    for new, old in zip(stages(deep), stages(shallow)):
        for target, source in list(zip(new, old))[:left]:
            target.load_state_dict(source.state_dict())
            left -= 1
    deep.classifier.load_state_dict(shallow.classifier.state_dict())


# %% exercise="to_fully_convolutional"
def to_fully_convolutional(model):
    from copy import deepcopy

    features, layers = deepcopy(model.features), []
    channels = [m.out_channels for m in features if isinstance(m, nn.Conv2d)][-1]
    for layer in model.classifier:
        if isinstance(layer, nn.Linear):
            side = int((layer.in_features // channels) ** 0.5)
            conv = nn.Conv2d(channels, layer.out_features, kernel_size=side)
            conv.weight = nn.Parameter(
                layer.weight.detach().clone().reshape(-1, channels, side, side)
            )
            conv.bias = nn.Parameter(layer.bias.detach().clone())
            channels, layer = layer.out_features, conv
        layers.append(deepcopy(layer))
    return nn.Sequential(features, nn.Sequential(*layers))
