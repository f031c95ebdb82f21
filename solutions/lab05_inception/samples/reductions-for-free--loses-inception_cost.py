# ---
# jupyter:
#   sample:
#     says: forgets what the 1×1 reductions cost
#     points: {inception_cost: 1.68}
#     mistakes: {inception_cost: free_reductions}
# ---

# %% exercise="inception_cost"
def inception_cost(in_channels, spec, height, width):
    def conv(i, o, k):
        return i * o * k * k * height * width

    naive = conv(in_channels, spec.n1x1, 1) + conv(in_channels, spec.n3x3, 3)
    naive += conv(in_channels, spec.n5x5, 5)
    reduced = (
        conv(in_channels, spec.n1x1, 1)
        + conv(spec.n3x3_reduce, spec.n3x3, 3)
        + conv(spec.n5x5_reduce, spec.n5x5, 5)
        + conv(in_channels, spec.pool_proj, 1)
    )
    return {"naive": naive, "reduced": reduced}
