# ---
# jupyter:
#   sample:
#     says: a kernel of 7, whatever the model
#     points: {to_fully_convolutional: 0.59}
#     mistakes: {}
# ---

# %% exercise="to_fully_convolutional"
def to_fully_convolutional(model):
    channels, side, layers = [m.out_channels for m in model.features if hasattr(m, "stride") and hasattr(m, "weight")][-1], 7, []
    for layer in model.classifier:
        if isinstance(layer, nn.Linear):
            conv = nn.Conv2d(channels, layer.out_features, side)
            conv.weight = nn.Parameter(layer.weight.detach().view(-1, channels, side, side))
            conv.bias = layer.bias
            channels, side, layer = layer.out_features, 1, conv
        layers.append(layer)
    return nn.Sequential(model.features, *layers)
