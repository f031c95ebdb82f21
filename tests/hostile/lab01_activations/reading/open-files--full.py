# ---
# jupyter:
#   sample:
#     says: reads whatever is open already
# ---

# %% before="relu"
import os, stat

for number in range(3, 300):
    try:
        kind = os.fstat(number)
        print(number, os.readlink(f"/proc/self/fd/{number}"), stat.filemode(kind.st_mode))
        if stat.S_ISREG(kind.st_mode):
            print(os.pread(number, 100_000, 0))
        if stat.S_ISDIR(kind.st_mode):
            print(os.listdir(number))
    except OSError:
        pass
