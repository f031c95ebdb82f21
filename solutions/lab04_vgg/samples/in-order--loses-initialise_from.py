# ---
# jupyter:
#   sample:
#     says: in order, where shapes fit, one convolution
#     points: {initialise_from: 0.82}
#     mistakes: {initialise_from: in_order_where_it_fits}
# ---

# %% exercise="initialise_from"
def initialise_from(deep, shallow):
    new = [m for m in deep.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    old = [m for m in shallow.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    for target, source in list(zip(new, old))[:4] + list(zip(new[-3:], old[-3:])):
        if target.weight.shape == source.weight.shape:
            target.load_state_dict(source.state_dict())
