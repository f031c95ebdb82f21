# ---
# jupyter:
#   sample:
#     says: a built-in inside exec
#     flags: [built-in-used, not-read]
# ---

# %% exercise="relu"
place = {}
exec("import torch\ndef hidden(x):\n    return torch.clamp_min(x, 0) * 1 if False else torch.re" + "lu(x)", place)


def relu(x):
    return place["hidden"](x)
