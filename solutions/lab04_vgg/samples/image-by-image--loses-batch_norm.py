# ---
# jupyter:
#   sample:
#     says: BatchNorm normalises each image by itself, and keeps the biased variance
#     points: {batch_norm: 1.02}
# ---

# %% exercise="batch_norm"
def batch_norm(x, weight, bias, mean, var, training, momentum=0.1, eps=1e-5):
    if training:
        if x[:, 0].numel() == 1:
            raise ValueError("one number")
        mean = (1 - momentum) * mean + momentum * x.mean((0, 2, 3)).detach()
        var = (1 - momentum) * var + momentum * x.var((0, 2, 3), unbiased=False).detach()
        m, v = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
    else:
        m, v = mean.view(1, -1, 1, 1), var.view(1, -1, 1, 1)
    y = (x - m) / (v + eps).sqrt()
    return y * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1), mean, var
