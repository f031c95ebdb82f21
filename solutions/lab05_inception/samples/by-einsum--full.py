# ---
# jupyter:
#   sample:
#     says: right answers by einsum, by counting on meta, with one loop over the losses
# ---

# %% exercise="conv1x1_as_linear"
def conv1x1_as_linear(x, weight, bias):
    return torch.einsum("nchw,kc->nkhw", x, weight[:, :, 0, 0]) + bias[None, :, None, None]


# %% exercise="inception_cost"
def inception_cost(in_channels, spec, height, width):
    with torch.device("meta"):
        ones = nn.Conv2d(in_channels, spec.n1x1, 1, bias=False)
        naive = [ones, nn.Conv2d(in_channels, spec.n3x3, 3), nn.Conv2d(in_channels, spec.n5x5, 5)]
        reduced = [
            ones,
            nn.Conv2d(in_channels, spec.n3x3_reduce, 1), nn.Conv2d(spec.n3x3_reduce, spec.n3x3, 3),
            nn.Conv2d(in_channels, spec.n5x5_reduce, 1), nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5),
            nn.Conv2d(in_channels, spec.pool_proj, 1),
        ]
    pixels = height * width
    return {
        "naive": sum(layer.weight.numel() for layer in naive) * pixels,
        "reduced": sum(layer.weight.numel() for layer in reduced) * pixels,
    }


# %% exercise="InceptionBlock"
class InceptionBlock(nn.Module):
    def __init__(self, in_channels, spec):
        super().__init__()
        n1, r3, n3, r5, n5, p = spec
        sizes = [(in_channels, n1, 1), (in_channels, r3, 1), (r3, n3, 3), (in_channels, r5, 1),
                 (r5, n5, 5), (in_channels, p, 1)]
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, k, padding="same") for i, o, k in sizes
        )

    def forward(self, x):
        a, b, c, d, e, f = self.convs
        pooled = F.max_pool2d(x, 3, 1, 1)
        parts = [a(x), c(b(x).relu()), e(d(x).relu()), f(pooled)]
        return torch.cat([part.relu() for part in parts], dim=-3)


# %% exercise="auxiliary_loss"
def auxiliary_loss(main, aux1, aux2, labels):
    total = 0
    for scores, weight in ((main, 1), (aux1, 0.3), (aux2, 0.3)):
        log_p = F.log_softmax(scores, dim=1)
        total = total - weight * log_p[torch.arange(len(labels)), labels].mean()
    return total


# %% exercise="class_maps"
def class_maps(maps, weight, bias):
    return torch.tensordot(weight, maps, dims=([1], [1])).movedim(0, 1) + bias[:, None, None]
