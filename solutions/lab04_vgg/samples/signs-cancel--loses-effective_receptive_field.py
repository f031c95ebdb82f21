# ---
# jupyter:
#   sample:
#     says: gradients summed with their signs
#     points: {effective_receptive_field: 0}
#     mistakes: {effective_receptive_field: signs_cancel}
# ---

# %% exercise="effective_receptive_field"
def effective_receptive_field(network, images):
    x = images.clone().requires_grad_()
    y = network(x)
    y[:, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    total = x.grad.sum(dim=(0, 1))
    return total / total.sum()
