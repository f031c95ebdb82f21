# ---
# jupyter:
#   sample:
#     says: a right answer, and below it a try-out that raises
# ---

# %% exercise="relu"
def relu(x):
    return x * (x > 0)


print(relu([1, -1]))
