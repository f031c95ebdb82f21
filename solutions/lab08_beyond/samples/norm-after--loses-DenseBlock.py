# ---
# jupyter:
#   sample:
#     says: BatchNorm and ReLU behind the convolution
#     points: {DenseBlock: 0.0}
#     mistakes: {DenseBlock: norm_after}
# ---

# %% exercise="DenseBlock"
class DenseBlock(nn.Module):
    def __init__(self, in_channels, growth_rate, layers):
        super().__init__()
        self.layers = nn.ModuleList()
        for n in range(layers):
            conv = nn.Conv2d(in_channels + n * growth_rate, growth_rate, 3, padding=1, bias=False)
            self.layers.append(nn.Sequential(conv, nn.BatchNorm2d(growth_rate), nn.ReLU()))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x
