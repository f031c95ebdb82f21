# ---
# jupyter:
#   sample:
#     says: looks for what another student has left behind
# ---

# %% before="relu"
import glob

got = []
for place in ("/tmp/*", "/dev/shm/*", "/var/tmp/*", "/student/*", "/student/.*", "../*", "@WORK@/*"):
    for path in glob.glob(place):
        try:
            got.append(open(path).read(1000))
        except OSError:
            pass
print("got:", [one for one in got if "quince" in one])
