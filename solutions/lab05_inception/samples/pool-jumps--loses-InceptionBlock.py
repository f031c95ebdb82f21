# ---
# jupyter:
#   sample:
#     says: a pooling whose stride is its size
#     points: {InceptionBlock: 0.06}
# ---

# %% exercise="InceptionBlock"
class InceptionBlock(nn.Module):
    def __init__(self, in_channels, spec):
        super().__init__()
        self.b1 = nn.Sequential(nn.Conv2d(in_channels, spec.n1x1, 1), nn.ReLU())
        self.b2 = nn.Sequential(
            nn.Conv2d(in_channels, spec.n3x3_reduce, 1), nn.ReLU(),
            nn.Conv2d(spec.n3x3_reduce, spec.n3x3, 3, padding=1), nn.ReLU(),
        )
        self.b3 = nn.Sequential(
            nn.Conv2d(in_channels, spec.n5x5_reduce, 1), nn.ReLU(),
            nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5, padding=2), nn.ReLU(),
        )
        self.b4 = nn.Sequential(
            nn.MaxPool2d(3, padding=1),
            nn.Conv2d(in_channels, spec.pool_proj, 1), nn.ReLU(),
        )

    def forward(self, x):
        return torch.cat([self.b1(x), self.b2(x), self.b3(x), self.b4(x)], 1)
