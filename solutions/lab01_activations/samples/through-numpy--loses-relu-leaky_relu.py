# ---
# jupyter:
#   sample:
#     says: ReLU leaves torch for numpy, leaky ReLU for plain numbers
#     points: {relu: 0.45, leaky_relu: 0.2}
# ---

# %% exercise="relu"
import numpy as np


def relu(x):
    return torch.from_numpy(np.maximum(x.detach().numpy(), 0))


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return torch.tensor([v if v > 0 else negative_slope * v for v in x.tolist()])
