# ---
# jupyter:
#   sample:
#     says: a built-in in a compiled piece of code
#     flags: [built-in-used, not-read]
# ---

# %% exercise="relu"
import types

code = compile("torch.re" + "lu(x)", "x", "eval")


def relu(x):
    return types.FunctionType(code, {"torch": torch, "x": x})()
