# ---
# jupyter:
#   sample:
#     says: a built-in inside eval
#     flags: [built-in-used]
# ---

# %% exercise="relu"
def relu(x):
    return eval("torch.re" + "lu(x)")
