# ---
# jupyter:
#   sample:
#     says: answers nothing while 30 children compute (for 8 s at most)
#     points: {relu: 0}
# ---

# %% exercise="relu"
import os, time


def relu(x):
    end = time.monotonic() + 8
    for _ in range(30):
        try:
            if os.fork() == 0:
                while time.monotonic() < end:
                    pass
                os._exit(0)
        except OSError:
            break
    while time.monotonic() < end:
        pass
