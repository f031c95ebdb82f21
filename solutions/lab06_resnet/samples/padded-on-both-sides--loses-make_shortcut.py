# ---
# jupyter:
#   sample:
#     says: option A with half of the zero channels in front, as many published programs have it
#     points: {make_shortcut: 2.56}
#     mistakes: {make_shortcut: zeros_on_both_sides}
# ---

# %% exercise="make_shortcut"
class PaddedShortcut(nn.Module):
    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.into, self.new, self.stride = in_channels, out_channels - in_channels, stride

    def forward(self, x):
        picked = x[:, :, :: self.stride, :: self.stride]
        return F.pad(picked, (0, 0, 0, 0, self.new // 2, self.new - self.new // 2))


def make_shortcut(kind, in_channels, out_channels, stride):
    if stride == 1 and in_channels == out_channels and kind != "C":
        return nn.Identity()
    if kind == "A":
        return PaddedShortcut(in_channels, out_channels, stride)
    projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))
