# ---
# jupyter:
#   sample:
#     says: forks without end (it would stop by itself at 300)
#     points: {relu: 0}
# ---

# %% exercise="relu"
import os
import time

forked = 0


def relu(x):
    global forked
    while forked < 300:
        try:
            child = os.fork()
        except OSError:
            break
        if child == 0:
            time.sleep(20)
            os._exit(0)
        forked += 1
    print("forked:", forked)
    return forked
