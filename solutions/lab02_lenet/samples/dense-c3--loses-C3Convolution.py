# ---
# jupyter:
#   sample:
#     says: C3 as everybody has it today
#     points: {C3Convolution: 0}
#     mistakes: {C3Convolution: dense}
# ---

# %% exercise="C3Convolution"
class C3Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 16, 5)

    def forward(self, x):
        return self.conv(x)
