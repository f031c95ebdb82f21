# ---
# jupyter:
#   sample:
#     says: makes devices and opens disks
# ---

# %% before="relu"
import os, stat

got = []
for number, kind in enumerate((stat.S_IFBLK, stat.S_IFCHR)):
    for major, minor in ((8, 0), (252, 0), (259, 0), (1, 1), (1, 2)):
        try:
            os.mknod(f"device{number}-{major}-{minor}", kind | 0o666, os.makedev(major, minor))
            with open(f"device{number}-{major}-{minor}", "rb") as file:
                got.append((major, minor, file.read(16)))
        except OSError:
            pass
print("got:", got)
