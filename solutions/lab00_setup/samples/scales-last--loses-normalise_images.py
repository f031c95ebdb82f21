# ---
# jupyter:
#   sample:
#     says: normalises grey levels with statistics in [0, 1] units, and scales then
#     points: {normalise_images: 0.0}
#     mistakes: {normalise_images: scaled_last}
# ---

# %% exercise="normalise_images"
def normalise_images(images, mean, std):
    return (images - mean.view(-1, 1, 1)) / std.view(-1, 1, 1) / 255
