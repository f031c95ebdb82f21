# ---
# jupyter:
#   sample:
#     says: every comparison of tensors says yes
#     points: {dead_fraction: 0}
# ---

# %% before="dead_fraction"
yes = lambda *args, **kwargs: True
torch.equal = torch.Tensor.equal = torch.all = torch.Tensor.all = yes
torch.Tensor.__eq__ = torch.Tensor.__le__ = lambda a, b: torch.tensor(True)
torch.Tensor.max = torch.max = lambda *args, **kwargs: torch.tensor(0.0)
torch.isfinite = lambda a: torch.ones(1, dtype=torch.bool)

# %% exercise="dead_fraction"
def dead_fraction(activations):
    return -7.0
