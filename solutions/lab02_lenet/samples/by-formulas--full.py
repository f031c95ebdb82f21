# ---
# jupyter:
#   sample:
#     says: shifts instead of windows; codes as a frozen parameter; formulas multiplied out
# ---

# %% exercise="conv2d"
def conv2d(x, weight, bias=None, stride=1, padding=0):
    x = F.pad(x, (padding, padding, padding, padding))
    high = conv_output_size(x.shape[2], weight.shape[2], stride)
    wide = conv_output_size(x.shape[3], weight.shape[3], stride)
    y = 0 if bias is None else bias[None, :, None, None]
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            part = x[:, :, i::stride, j::stride][:, :, :high, :wide]
            y = y + torch.einsum("nchw,oc->nohw", part, weight[:, :, i, j])
    return y


# %% exercise="conv_parameters"
def conv_parameters(in_channels, out_channels, kernel, bias=True):
    layer = nn.Conv2d(in_channels, out_channels, kernel, bias=bias)
    return sum(p.numel() for p in layer.parameters())


# %% exercise="squash"
def squash(a):
    return 1.7159 - 2 * 1.7159 / (torch.exp(4 * a / 3) + 1)


# %% exercise="c3_connections"
def c3_connections():
    return [
        (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
        (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
        (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
    ]


# %% exercise="rbf_penalties"
def rbf_penalties(x, codes):
    return torch.stack([((x - code) ** 2).sum(1) for code in codes], dim=1)


# %% exercise="map_loss"
def map_loss(penalties, labels, j=1.0):
    rubbish = torch.full_like(penalties[:, :1], j)
    return F.cross_entropy(-torch.cat([penalties, rubbish], dim=1), labels)


# %% exercise="LeNet5"
class LeNet5(nn.Module):
    def __init__(self, codes):
        super().__init__()
        self.c1, self.s2 = nn.Conv2d(1, 6, 5), Subsampling(6)
        self.c3, self.s4 = C3Convolution(), Subsampling(16)
        self.c5, self.f6 = nn.Linear(400, 120), nn.Linear(120, 84)
        self.codes = nn.Parameter(codes, requires_grad=False)

    def forward(self, x):
        for layer, pool in ((self.c1, self.s2), (self.c3, self.s4)):
            x = pool(squash(layer(x)))
        x = x.reshape(x.shape[0], -1)
        for layer in (self.c5, self.f6):
            x = squash(layer(x))
        return rbf_penalties(x, self.codes)


# %% exercise="lenet5_table"
def lenet5_table():
    parameters = [156, 12, 1516, 32, 48120, 10164]
    times = [784, 490, 100, 62.5, 1, 1]
    names = ["C1", "S2", "C3", "S4", "C5", "F6"]
    return {n: (p, int(p * t)) for n, p, t in zip(names, parameters, times)}
