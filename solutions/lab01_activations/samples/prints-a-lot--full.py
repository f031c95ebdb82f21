# ---
# jupyter:
#   sample:
#     says: a right answer that prints megabytes, in its cell and when called
# ---

# %% exercise="relu"
def relu(x):
    print("x" * 1_000_000)
    return x.clamp(min=0)


for _ in range(50_000):
    print("a line of a try-out", relu.__name__)
