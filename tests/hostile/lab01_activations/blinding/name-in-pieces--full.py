# ---
# jupyter:
#   sample:
#     says: a built-in whose name is put together
#     flags: [built-in-used]
# ---

# %% exercise="relu"
def relu(x):
    return getattr(F, "re" + "lu")(x)
