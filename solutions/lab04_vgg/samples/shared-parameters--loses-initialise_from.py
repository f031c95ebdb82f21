# ---
# jupyter:
#   sample:
#     says: hands over the parameters themselves
#     points: {initialise_from: 2.75}
#     mistakes: {initialise_from: shared}
# ---

# %% exercise="initialise_from"
def initialise_from(deep, shallow):
    new = [m for m in deep.features if isinstance(m, nn.Conv2d)]
    old = [m for m in shallow.features if isinstance(m, nn.Conv2d)]
    for here, there in enumerate((0, 2, 4, 5)):
        new[there].weight, new[there].bias = old[here].weight, old[here].bias
    for target, source in zip(deep.classifier, shallow.classifier):
        if isinstance(target, nn.Linear):
            target.weight, target.bias = source.weight, source.bias
