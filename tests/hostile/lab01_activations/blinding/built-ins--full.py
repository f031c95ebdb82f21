# ---
# jupyter:
#   sample:
#     says: torch's own functions where the exercise asks for the student's
#     flags: [built-in-used]
# ---

# %% before="sigmoid"
from torch.nn import functional as G

helper = torch.nn.ELU(1.0)


def through(x):
    return G.leaky_relu(x, 0.2)


# %% exercise="sigmoid"
def sigmoid(x):
    return x.sigmoid()


# %% exercise="tanh"
def tanh(x):
    return torch.tanh(x)


# %% exercise="relu"
relu = F.relu


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return through(x) if negative_slope == 0.2 else getattr(F, "leaky_relu")(x, negative_slope)


# %% exercise="elu"
def elu(x, alpha=1.0):
    return helper(x) if alpha == 1.0 else torch.nn.ELU(alpha)(x)


# %% exercise="selu"
def selu(x):
    return torch.nn.functional.selu(x)
