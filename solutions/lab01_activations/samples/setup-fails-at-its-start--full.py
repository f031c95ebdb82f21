# ---
# jupyter:
#   sample:
#     says: an import that is not installed here begins the setup cell; nothing else is imported
#     flags: [setup-repaired]
# ---

# %% exercise="setup"
import seaborn as sns
import torch
from torch import Tensor
