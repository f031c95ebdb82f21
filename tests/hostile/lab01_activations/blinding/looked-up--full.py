# ---
# jupyter:
#   sample:
#     says: a built-in by vars, globals and a dictionary
#     flags: [built-in-used, not-read]
# ---

# %% exercise="relu"
table = {"r": vars(torch)["re" "lu"]}


def relu(x):
    return table["r"](x)
