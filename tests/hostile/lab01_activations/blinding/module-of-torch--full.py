# ---
# jupyter:
#   sample:
#     says: a module of torch, made elsewhere, called by a method
#     flags: [built-in-used]
# ---

# %% exercise="relu"
one = type(torch.nn.Sequential(torch.nn.ReLU())[0])()


def relu(x):
    return one.forward(x)
