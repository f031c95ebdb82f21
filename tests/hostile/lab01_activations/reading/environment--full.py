# ---
# jupyter:
#   sample:
#     says: prints the environment of every process in sight
# ---

# %% before="relu"
import glob, os

print(dict(os.environ))
for path in ["/proc/self/environ", "/proc/1/environ", *glob.glob("/proc/*/environ")]:
    try:
        print(path, open(path, "rb").read())
    except OSError as error:
        print(path, error)
!env
!cat /proc/$PPID/environ /proc/1/environ
