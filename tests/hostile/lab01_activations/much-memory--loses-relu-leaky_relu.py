# ---
# jupyter:
#   sample:
#     says: takes memory without end (it would stop by itself at 6 GB)
#     points: {relu: 0, leaky_relu: 0}
# ---

# %% exercise="relu"
taken = []


def relu(x):
    while len(taken) < 60:
        taken.append(torch.ones(100 << 20, dtype=torch.uint8))
    return len(taken)


# %% exercise="leaky_relu"
import os
import time


def leaky_relu(x, negative_slope=0.01):
    for _ in range(4):
        if os.fork() == 0:
            kept = [b"x" * (100 << 20) for _ in range(9)]
            time.sleep(20)
            os._exit(len(kept))
    time.sleep(5)
    return x
