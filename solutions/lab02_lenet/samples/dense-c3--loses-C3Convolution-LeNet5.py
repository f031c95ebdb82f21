# ---
# jupyter:
#   sample:
#     says: C3 as everybody has it today
#     points: {C3Convolution: 0, LeNet5: 3.11}
#     mistakes: {C3Convolution: dense, LeNet5: dense_c3}
# ---

# %% exercise="C3Convolution"
class C3Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 16, 5)

    def forward(self, x):
        return self.conv(x)
