# ---
# jupyter:
#   sample:
#     says: the kernel with channels last
#     points: {to_fully_convolutional: 0.59}
#     mistakes: {to_fully_convolutional: channels_last}
# ---

# %% exercise="to_fully_convolutional"
def to_fully_convolutional(model):
    channels = [m.out_channels for m in model.features if isinstance(m, nn.Conv2d)][-1]
    layers = []
    for layer in model.classifier:
        if isinstance(layer, nn.Linear):
            side = round((layer.in_features / channels) ** 0.5)
            conv = nn.Conv2d(channels, layer.out_features, side)
            weight = layer.weight.detach().view(-1, side, side, channels).permute(0, 3, 1, 2)
            conv.weight = nn.Parameter(weight.contiguous())
            conv.bias = layer.bias
            channels, layer = layer.out_features, conv
        layers.append(layer)
    return nn.Sequential(model.features, *layers)
