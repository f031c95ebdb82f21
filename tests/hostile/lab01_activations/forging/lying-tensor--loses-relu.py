# ---
# jupyter:
#   sample:
#     says: a tensor that lies about its shape, type and content
#     points: {relu: 0}
# ---

# %% exercise="relu"
class Liar(torch.Tensor):
    """Has any shape that somebody wants."""

    shape = property(lambda self: torch.Size([]))
    dtype = property(lambda self: torch.float64)
    __len__ = numel = lambda self: 0
    tolist = lambda self: []
    __class__ = torch.Tensor


def relu(x):
    return torch.full((3, 1), 7.0).as_subclass(Liar)
