# ---
# jupyter:
#   sample:
#     says: writes through links of every kind
# ---

# %% before="relu"
import os

got = []
for number, place in enumerate(("/etc", "/", "/usr/lib", "@WORK@", "@COURSE@", "@HOME@", "/tmp", "/var/tmp", "/dev")):
    os.symlink(f"{place}/quince", f"link{number}")
    try:
        with open(f"link{number}", "w") as file:
            file.write("x")
        if place not in ("/tmp",):
            got.append(place)
    except OSError:
        pass
for path in ("/etc/passwd", "@WORK@/gradebook.db", "@WORK@/canary.txt", "/bin/sh"):
    try:
        os.link(path, "hard")
        got.append(path)
        os.unlink("hard")
    except OSError:
        pass
print("got:", got)
