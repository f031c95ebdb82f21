# ---
# jupyter:
#   sample:
#     says: climbs out of its folder by ../, links and /proc/self/root
# ---

# %% before="relu"
import os

got = []
for head in ("../" * 12, "/proc/self/root/", "/proc/self/cwd/" + "../" * 12, "/proc/1/root/", "/dev/fd/../root/", "//"):
    for tail in ("@COURSE@/solutions/seed.txt", "@WORK@/canary.txt", "@HOME@/.bashrc"):
        try:
            print(open(head + tail.lstrip("/")).read())
            got.append(head + tail)
        except OSError:
            pass
os.symlink("@WORK@", "out")
try:
    got += os.listdir("out")
except OSError:
    pass
print("got:", got)
