# ---
# jupyter:
#   sample:
#     says: an import of the student's own, not installed here, ends the setup cell
#     flags: [setup-repaired]
# ---

# %% exercise="setup"
from typing import Any

import torch
from torch import Tensor

SELU_LAMBDA = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772

import seaborn as sns
