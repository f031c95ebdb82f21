# ---
# jupyter:
#   sample:
#     says: PyTorch LRN with the alpha of the paper
#     points: {make_vgg: 3.55}
#     mistakes: {make_vgg: lrn_average}
# ---

# %% exercise="make_vgg"
def make_vgg(config, num_classes=1000, width=1.0):
    layers, channels = [], 3
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
        elif entry == "LRN":
            layers.append(nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0))
        else:
            out, kernel = entry if isinstance(entry, tuple) else (entry, 3)
            out = max(1, round(width * out))
            layers.append(nn.Conv2d(channels, out, kernel, padding=kernel // 2))
            layers.append(nn.ReLU())
            channels = out
    hidden = max(1, round(width * 4096))
    classifier = nn.Sequential(
        nn.Linear(channels * 49, hidden), nn.ReLU(), nn.Dropout(),
        nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(),
        nn.Linear(hidden, num_classes),
    )
    parts = OrderedDict(features=nn.Sequential(*layers), flatten=nn.Flatten(), classifier=classifier)
    return nn.Sequential(parts)
