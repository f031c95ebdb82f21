# ---
# jupyter:
#   sample:
#     says: averages over the neighbours that are there; rounds up
#     points: {local_response_norm: 0.11, overlapping_pool_size: 0.1}
#     mistakes: {local_response_norm: average_at_the_edges, overlapping_pool_size: rounds_up}
# ---

# %% exercise="local_response_norm"
def local_response_norm(x, size=5, k=2.0, alpha=1e-4, beta=0.75):
    squares = (x**2).flatten(2).transpose(1, 2)
    mean = F.avg_pool1d(squares, size, 1, size // 2, count_include_pad=False)
    return x / (k + alpha * size * mean.transpose(1, 2).view_as(x)) ** beta


# %% exercise="overlapping_pool_size"
def overlapping_pool_size(size, window=3, stride=2):
    return -(-(size - window) // stride) + 1
