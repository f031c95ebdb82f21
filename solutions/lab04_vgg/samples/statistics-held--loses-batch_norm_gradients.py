# ---
# jupyter:
#   sample:
#     says: the way back of evaluation, where mean and variance are constants
#     points: {batch_norm_gradients: 0.44}
#     mistakes: {batch_norm_gradients: statistics_held}
# ---

# %% exercise="batch_norm_gradients"
def batch_norm_gradients(x, weight, grad_output, eps=1e-5):
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    var = x.var(dim=(0, 2, 3), unbiased=False, keepdim=True)
    normalised = (x - mean) / torch.sqrt(var + eps)
    dx = grad_output * weight.view(1, -1, 1, 1) / torch.sqrt(var + eps)
    return dx, (grad_output * normalised).sum((0, 2, 3)), grad_output.sum((0, 2, 3))
