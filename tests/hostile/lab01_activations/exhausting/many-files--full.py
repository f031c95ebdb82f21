# ---
# jupyter:
#   sample:
#     says: writes thousands of files, and large ones
# ---

# %% before="sigmoid"
import os
import tempfile

made = 0
for place in (".", "/tmp", "/dev/shm", os.path.expanduser("~")):
    for number in range(6000):
        try:
            with open(f"{place}/file{number}", "w") as file:
                file.write("x")
            made += 1
        except OSError:
            break
    for number in range(6000):
        try:
            os.unlink(f"{place}/file{number}")
        except OSError:
            break
large = 0
try:
    with open("large", "wb") as file:
        for _ in range(400):
            file.write(bytes(1 << 20))
            large += 1
except OSError:
    pass
os.unlink("large")
outside = []
for place in ("/", "/usr", "/etc", "/lab", "/var/tmp", "@WORK@", "@COURSE@", "@HOME@"):
    try:
        with open(f"{place}/quince", "w") as file:
            outside.append(place)
    except OSError:
        pass
print("made:", made, "large:", large, "outside:", outside)
