# ---
# jupyter:
#   sample:
#     says: lets the gradient pile up in the images that were given
#     points: {effective_receptive_field: 3.71}
#     mistakes: {effective_receptive_field: piles_up}
# ---

# %% exercise="effective_receptive_field"
def effective_receptive_field(network, images):
    images.requires_grad_()
    y = network(images)
    y[:, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    total = images.grad.abs().sum(dim=(0, 1))
    return total / total.sum()
