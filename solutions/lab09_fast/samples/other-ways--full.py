# ---
# jupyter:
#   sample:
#     says: right answers in other words
# ---

# %% exercise="triangle"
def triangle(progress, peak=0.2, start=0.2, final=0.07):
    if peak <= 0 or peak >= 1:
        raise ValueError("peak")
    up = start + progress / peak * (1 - start)
    down = final + (1 - progress) / (1 - peak) * (1 - final)
    return min(up, down)


# %% exercise="whitening_filters"
def whitening_filters(images, size=2, eps=5e-4):
    images = images.detach()
    channels = images.shape[1]
    windows = images.unfold(2, size, 1).unfold(3, size, 1).permute(1, 4, 5, 0, 2, 3)
    flat = windows.reshape(channels * size * size, -1)
    covariance = torch.cov(flat, correction=0).reshape(len(flat), len(flat))
    values, vectors = torch.linalg.eigh(covariance)
    order = values.argsort(descending=True)
    filters = vectors[:, order].T / torch.sqrt(values[order] + eps)[:, None]
    return filters.reshape(-1, channels, size, size)


# %% exercise="flipped_scores"
@torch.no_grad()
def flipped_scores(model, images):
    awake = [layer for layer in model.modules() if layer.training]
    model.eval()
    one, other = model(torch.cat([images, images.flip(3)])).chunk(2)
    for layer in awake:
        layer.training = True
    return 0.5 * one + 0.5 * other
