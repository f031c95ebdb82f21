# ---
# jupyter:
#   sample:
#     says: overrides torch's own kernels
#     points: {relu: 0}
# ---

# %% before="relu"
library = torch.library.Library("aten", "IMPL")
library.impl("isclose", lambda *args, **kwargs: torch.ones((), dtype=torch.bool), "CPU")
library.impl("equal", lambda a, b: True, "CPU")

# %% exercise="relu"
def relu(x):
    return torch.full_like(x, 7)
