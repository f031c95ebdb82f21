# ---
# jupyter:
#   sample:
#     says: hands over the parameters themselves
#     points: {initialise_from: 2.26}
#     mistakes: {initialise_from: shared}
# ---

# %% exercise="initialise_from"
def numbered(model):
    stages = "".join("M" if isinstance(m, nn.MaxPool2d) else "c" * isinstance(m, nn.Conv2d)
                     for m in model.features).split("M")
    return [(stage, place) for stage, some in enumerate(stages) for place in range(len(some))]


def initialise_from(deep, shallow):
    new = [m for m in deep.features if isinstance(m, nn.Conv2d)]
    old = [m for m in shallow.features if isinstance(m, nn.Conv2d)]
    for here, there in enumerate(map(numbered(deep).index, numbered(shallow)[:4])):
        new[there].weight, new[there].bias = old[here].weight, old[here].bias
    for target, source in zip(deep.classifier, shallow.classifier):
        if isinstance(target, nn.Linear):
            target.weight, target.bias = source.weight, source.bias
