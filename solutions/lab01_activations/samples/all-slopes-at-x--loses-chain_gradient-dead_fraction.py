# ---
# jupyter:
#   sample:
#     says: takes every slope of the chain at x; counts zeros, not dead units
#     points: {chain_gradient: 0.49, dead_fraction: 0.1}
#     mistakes: {chain_gradient: all_slopes_at_x, dead_fraction: zeros_of_entries}
# ---

# %% exercise="chain_gradient"
def chain_gradient(activation, depth, x):
    x = x.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(activation(x).sum(), x)
    return slope**depth


# %% exercise="dead_fraction"
def dead_fraction(activations):
    return (activations == 0).float().mean().item()
