# ---
# jupyter:
#   sample:
#     says: prints 200 MB by each way out, and answers with much more than was asked for
#     points: {relu: 0}
# ---

# %% before="sigmoid"
import os

from IPython.display import HTML, display

for _ in range(200):
    print("x" * 1_000_000)
for _ in range(200):
    os.write(1, b"y" * 1_000_000)
for _ in range(200):
    display(HTML("z" * 1_000_000))


# %% exercise="relu"
def relu(x):
    print("x" * 100_000_000)
    return torch.zeros(40_000_000, dtype=torch.float64)


# %% before="leaky_relu"
raise ValueError("w" * 100_000_000)
