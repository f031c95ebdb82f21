# ---
# jupyter:
#   sample:
#     says: a right answer, and below it a copy of its cell with a wrong one, which runs last
#     points: {relu: 0}
#     mistakes: {relu: absolute_value}
#     flags: [duplicate-cell]
# ---

# %% copy="relu"
def relu(x):
    return x.abs()
