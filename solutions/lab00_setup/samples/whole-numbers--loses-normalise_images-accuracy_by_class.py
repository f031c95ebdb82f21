# ---
# jupyter:
#   sample:
#     says: integer division, and the batch's own statistics
#     points: {normalise_images: 0.37, accuracy_by_class: 0}
#     mistakes: {normalise_images: whole_numbers, accuracy_by_class: share_of_batch}
# ---

# %% exercise="normalise_images"
def normalise_images(images, mean, std):
    x = (images // 255).float()
    return (x - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)


# %% exercise="accuracy_by_class"
def accuracy_by_class(logits, labels, num_classes):
    right = labels[logits.argmax(dim=1) == labels]
    return torch.bincount(right, minlength=num_classes) / len(labels)
