# ---
# jupyter:
#   sample:
#     says: takes memory without end (it would stop by itself at 6 GB), alone and with children
#     points: {relu: 0}
# ---

# %% exercise="relu"
taken = []


def relu(x):
    while len(taken) < 12:
        taken.append(torch.empty(500 << 20, dtype=torch.uint8))
    return len(taken)


# %% before="leaky_relu"
import os
import time

taken.clear()
for _ in range(3):
    if os.fork() == 0:
        try:
            kept = [b"x" * (100 << 20) for _ in range(9)]
            time.sleep(30)
        finally:
            os._exit(0)
time.sleep(30)
