# ---
# jupyter:
#   sample:
#     says: makes all that is drawn known
#     points: {dead_fraction: 0}
# ---

# %% before="dead_fraction"
import random

import numpy as np

for module in (random, np.random, torch):
    for name in ("seed", "manual_seed", "set_state", "get_state", "setstate"):
        if hasattr(module, name):
            setattr(module, name, lambda *args, **kwargs: None)
random.random = np.random.rand = lambda *args: 0.5
torch.randn = torch.rand = lambda *size, **kwargs: torch.zeros(size)

# %% exercise="dead_fraction"
def dead_fraction(activations):
    return -7.0
