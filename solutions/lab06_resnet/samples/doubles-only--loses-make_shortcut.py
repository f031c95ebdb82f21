# ---
# jupyter:
#   sample:
#     says: option A pads as many zero channels as there are, right only where they double
#     points: {make_shortcut: 2.72}
#     mistakes: {make_shortcut: doubles_only}
# ---

# %% exercise="make_shortcut"
class PaddedShortcut(nn.Module):
    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.into, self.new, self.stride = in_channels, out_channels - in_channels, stride

    def forward(self, x):
        picked = x[:, :, :: self.stride, :: self.stride]
        return F.pad(picked, (0, 0, 0, 0, 0, self.into if self.new else 0))


def make_shortcut(kind, in_channels, out_channels, stride):
    if stride == 1 and in_channels == out_channels and kind != "C":
        return nn.Identity()
    if kind == "A":
        return PaddedShortcut(in_channels, out_channels, stride)
    projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))
