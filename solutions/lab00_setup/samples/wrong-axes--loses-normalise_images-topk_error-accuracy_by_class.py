# ---
# jupyter:
#   sample:
#     says: statistics land on the width, labels on the guesses, shares among the guesses
#     points: {normalise_images: 0.37, topk_error: 0.1, accuracy_by_class: 0}
#     mistakes:
#       normalise_images: axis_of_width
#       topk_error: labels_broadcast
#       accuracy_by_class: share_of_guesses
# ---

# %% exercise="normalise_images"
def normalise_images(images, mean, std):
    return (images / 255 - mean) / std


# %% exercise="topk_error"
def topk_error(logits, labels, k):
    if k > logits.shape[1] or k < 1:
        raise ValueError("k")
    guesses = logits.topk(k, dim=1).indices
    return 1 - (guesses == labels).any(dim=1).float().mean().item()


# %% exercise="accuracy_by_class"
def accuracy_by_class(logits, labels, num_classes):
    guesses = logits.argmax(dim=1)
    return torch.stack([(labels[guesses == c] == c).float().mean() for c in range(num_classes)])
