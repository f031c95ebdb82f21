# ---
# jupyter:
#   sample:
#     says: the rows of the matrix of eigenvectors, whose columns are the vectors
#     points: {whitening_filters: 0.0}
#     mistakes: {whitening_filters: rows_of_vectors}
# ---

# %% exercise="whitening_filters"
def whitening_filters(images, size=2, eps=5e-4):
    patches = F.unfold(images, size).transpose(0, 1).flatten(1)
    covariance = torch.cov(patches, correction=0).reshape(len(patches), len(patches))
    values, vectors = torch.linalg.eigh(covariance)
    filters = vectors.flip(1) / (values.flip(0) + eps).sqrt()[:, None]
    return filters.detach().reshape(-1, images.shape[1], size, size)
