# ---
# jupyter:
#   sample:
#     says: processes that are gone before anybody kills them, and have a child
# ---

# %% before="relu"
import os, time

until = time.time() + 20
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        while time.time() < until:
            try:
                if os.fork():
                    os._exit(0)
            except OSError:
                pass
        os._exit(0)
