# ---
# jupyter:
#   sample:
#     says: some right, some blank, some wrong
#     points:
#       local_response_norm: 0.11
#       dropout: 0
#       paper_dropout: 0
#       pca_lighting: 2.33
#       AlexNet: 0
#     mistakes: {local_response_norm: squares_forgotten}
# ---

# %% exercise="local_response_norm"
def local_response_norm(x, size=5, k=2.0, alpha=1e-4, beta=0.75):
    half = size // 2
    padded = F.pad(x, (0, 0, 0, 0, half, half))
    total = sum(padded[:, i : i + x.shape[1]] for i in range(size))
    return x / (k + alpha * total) ** beta


# %% exercise="dropout"

# %% exercise="paper_dropout"

# %% exercise="pca_lighting"
def pca_lighting(image, eigenvalues, eigenvectors, alphas):
    image += (eigenvectors @ (alphas * eigenvalues)).view(3, 1, 1)
    return image


# %% exercise="AlexNet"
