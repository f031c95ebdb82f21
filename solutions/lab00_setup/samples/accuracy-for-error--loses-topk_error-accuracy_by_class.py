# ---
# jupyter:
#   sample:
#     says: accuracy instead of error, in per cent, any k taken; absent classes left out
#     points: {topk_error: 0, accuracy_by_class: 1.33}
#     mistakes: {topk_error: accuracy_percent, accuracy_by_class: absent_left_out}
# ---

# %% exercise="topk_error"
def topk_error(logits, labels, k):
    guesses = logits.argsort(dim=1, descending=True)[:, :k]
    return 100 * (guesses == labels[:, None]).any(dim=1).float().mean().item()


# %% exercise="accuracy_by_class"
def accuracy_by_class(logits, labels, num_classes):
    guesses = logits.argmax(dim=1)
    return torch.stack([(guesses[labels == c] == c).float().mean() for c in labels.unique()])
