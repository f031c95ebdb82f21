# ---
# jupyter:
#   sample:
#     says: the projection has no stride, so shapes do not fit where it shrinks
#     points: {make_shortcut: 2.56}
#     mistakes: {make_shortcut: shortcut_without_stride}
# ---

# %% exercise="make_shortcut"
class PaddedShortcut(nn.Module):
    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.into, self.new, self.stride = in_channels, out_channels - in_channels, stride

    def forward(self, x):
        picked = x[:, :, :: self.stride, :: self.stride]
        return F.pad(picked, (0, 0, 0, 0, 0, self.new))


def make_shortcut(kind, in_channels, out_channels, stride):
    if stride == 1 and in_channels == out_channels and kind != "C":
        return nn.Identity()
    if kind == "A":
        return PaddedShortcut(in_channels, out_channels, stride)
    projection = nn.Conv2d(in_channels, out_channels, 1, bias=False)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))
