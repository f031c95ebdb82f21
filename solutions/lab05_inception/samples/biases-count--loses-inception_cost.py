# ---
# jupyter:
#   sample:
#     says: counts the biases as multiplications
#     points: {inception_cost: 0}
#     mistakes: {inception_cost: with_biases}
# ---

# %% exercise="inception_cost"
def inception_cost(in_channels, spec, height, width):
    def conv(i, o, k):
        return (i * k * k + 1) * o * height * width

    naive = conv(in_channels, spec.n1x1, 1) + conv(in_channels, spec.n3x3, 3)
    naive += conv(in_channels, spec.n5x5, 5)
    reduced = (
        conv(in_channels, spec.n1x1, 1)
        + conv(in_channels, spec.n3x3_reduce, 1) + conv(spec.n3x3_reduce, spec.n3x3, 3)
        + conv(in_channels, spec.n5x5_reduce, 1) + conv(spec.n5x5_reduce, spec.n5x5, 5)
        + conv(in_channels, spec.pool_proj, 1)
    )
    return {"naive": naive, "reduced": reduced}
