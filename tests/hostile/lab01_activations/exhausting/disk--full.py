# ---
# jupyter:
#   sample:
#     says: fills every file system that it can write to (2 GB at most)
# ---

# %% before="relu"
import os

written = 0
for place in (".", "/tmp", "/dev/shm", "/var/tmp", "/run"):
    for number in range(10):
        try:
            with open(f"{place}/quince-fill{number}", "wb") as file:
                for _ in range(40):
                    written += file.write(bytes(1 << 20))
        except OSError:
            break
for place in (".", "/tmp", "/dev/shm", "/var/tmp", "/run"):
    for number in range(10):
        try:
            os.unlink(f"{place}/quince-fill{number}")
        except OSError:
            pass
print("got:", [] if written <= 300 << 20 else [written >> 20])
