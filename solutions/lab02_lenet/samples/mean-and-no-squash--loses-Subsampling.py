# ---
# jupyter:
#   sample:
#     says: subsampling averages and forgets the squash
#     points: {Subsampling: 0.37}
#     mistakes: {Subsampling: average}
# ---

# %% exercise="Subsampling"
class Subsampling(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        return squash(self.coefficient * F.avg_pool2d(x, 2) + self.bias)
