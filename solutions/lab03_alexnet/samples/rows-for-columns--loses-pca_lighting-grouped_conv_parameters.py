# ---
# jupyter:
#   sample:
#     says: eigenvectors in rows; biases forgotten
#     points: {pca_lighting: 0, grouped_conv_parameters: 0}
#     mistakes: {pca_lighting: rows_for_columns, grouped_conv_parameters: bias_forgotten}
# ---

# %% exercise="pca_lighting"
def pca_lighting(image, eigenvalues, eigenvectors, alphas):
    return image + (eigenvectors.T @ (alphas * eigenvalues)).view(3, 1, 1)


# %% exercise="grouped_conv_parameters"
def grouped_conv_parameters(in_channels, out_channels, kernel, groups=1):
    return out_channels * in_channels * kernel**2 // groups
