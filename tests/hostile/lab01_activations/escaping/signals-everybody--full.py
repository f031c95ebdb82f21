# ---
# jupyter:
#   sample:
#     says: signals groups, sessions and everybody (with the signal 0)
# ---

# %% before="relu"
import os

got = []
for target in (0, -1, 1, -os.getpgid(0), os.getppid(), @PIDS@):
    if target in (0, -os.getpgid(0)):
        continue
    try:
        os.kill(target, 0)
        if target not in (1, os.getpid()) or os.getpid() != 1:
            got.append(target)
    except OSError:
        pass
print("got:", got)
