# ---
# jupyter:
#   sample:
#     says: right but for k out of range, and 0 where a class has no images
#     points: {topk_error: 2.89, accuracy_by_class: 1.33}
#     mistakes: {accuracy_by_class: zero_when_absent}
# ---

# %% exercise="topk_error"
def topk_error(logits, labels, k):
    hit = logits.topk(k, dim=1).indices == labels[:, None]
    return 1 - hit.any(dim=1).float().mean().item()


# %% exercise="accuracy_by_class"
def accuracy_by_class(logits, labels, num_classes):
    right = logits.argmax(dim=1) == labels
    found = torch.zeros(num_classes)
    for c in range(num_classes):
        if (labels == c).any():
            found[c] = right[labels == c].float().mean()
    return found
