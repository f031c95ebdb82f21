# ---
# jupyter:
#   sample:
#     says: the chain's gradient by backward on the caller's x; the wrong axis
#     points: {chain_gradient: 3.46, dead_fraction: 0}
#     mistakes: {chain_gradient: accumulates, dead_fraction: samples_instead_of_units}
# ---

# %% exercise="chain_gradient"
def chain_gradient(activation, depth, x):
    x.requires_grad_()
    y = x
    for _ in range(depth):
        y = activation(y)
    y.sum().backward()
    return x.grad


# %% exercise="dead_fraction"
def dead_fraction(activations):
    return (activations == 0).all(dim=1).float().mean().item()
