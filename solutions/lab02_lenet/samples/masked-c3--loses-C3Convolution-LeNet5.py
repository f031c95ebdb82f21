# ---
# jupyter:
#   sample:
#     says: a dense weight times a mask; codes that are trained
#     points: {C3Convolution: 3.52, LeNet5: 3.24}
#     mistakes: {C3Convolution: masked}
# ---

# %% exercise="C3Convolution"
class C3Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(16, 6, 5, 5) / 10)
        self.bias = nn.Parameter(torch.zeros(16))
        mask = torch.zeros(16, 6, 1, 1)
        for out, group in enumerate(c3_connections()):
            mask[out, group] = 1
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias)


# %% exercise="LeNet5"
class LeNet5(nn.Module):
    def __init__(self, codes):
        super().__init__()
        self.c1, self.s2 = nn.Conv2d(1, 6, 5), Subsampling(6)
        self.c3, self.s4 = C3Convolution(), Subsampling(16)
        self.c5, self.f6 = nn.Conv2d(16, 120, 5), nn.Linear(120, 84)
        self.codes = nn.Parameter(codes)

    def forward(self, x):
        x = self.s2(squash(self.c1(x)))
        x = self.s4(squash(self.c3(x)))
        x = squash(self.c5(x)).flatten(1)
        return rbf_penalties(squash(self.f6(x)), self.codes)
