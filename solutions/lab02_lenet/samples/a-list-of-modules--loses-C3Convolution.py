# ---
# jupyter:
#   sample:
#     says: sixteen convolutions in a plain list, which nobody trains or saves
#     points: {C3Convolution: 0}
# ---

# %% exercise="C3Convolution"
class C3Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = [nn.Conv2d(len(group), 1, 5) for group in c3_connections()]

    def forward(self, x):
        pairs = zip(self.parts, c3_connections())
        return torch.cat([part(x[:, group]) for part, group in pairs], dim=1)
