# ---
# jupyter:
#   sample:
#     says: ReLU and leaky ReLU leave torch; autograd can't follow
#     points: {relu: 0.55, leaky_relu: 0.08}
# ---

# %% exercise="setup"
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from typing import Any
from course.checks.lab01 import check
SELU_LAMBDA = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


# %% exercise="relu"
def relu(x):
    return torch.from_numpy(np.maximum(x.detach().numpy(), 0))


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return torch.tensor([v if v > 0 else negative_slope * v for v in x.tolist()])
