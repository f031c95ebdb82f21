# ---
# jupyter:
#   sample:
#     says: right answers by other formulas
# ---

# %% exercise="normalise_images"
def normalise_images(images, mean, std):
    scale = 1 / (255 * std)
    return images * scale[None, :, None, None] - (mean / std)[None, :, None, None]


# %% exercise="topk_error"
def topk_error(logits, labels, k):
    if k < 1 or k > logits.size(1):
        raise ValueError(f"k = {k} with {logits.size(1)} classes")
    own = logits[torch.arange(len(labels)), labels][:, None]
    first = torch.arange(logits.size(1)) < labels[:, None]  # of equal ones
    better = ((logits > own) | (logits == own) & first).sum(dim=1)
    return (better >= k).double().mean()


# %% exercise="accuracy_by_class"
def accuracy_by_class(logits, labels, num_classes):
    guesses = logits.max(dim=1).indices
    shares = []
    for c in range(num_classes):
        mine = labels == c
        shares.append((guesses[mine] == c).float().mean())
    return torch.stack(shares)
