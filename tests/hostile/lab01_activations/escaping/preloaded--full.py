# ---
# jupyter:
#   sample:
#     says: other programs with a library of its own, and interpreters without limits
# ---

# %% before="relu"
import os, subprocess

got = []
for command in (
    "LD_PRELOAD=./x.so cat @WORK@/canary.txt", "LD_LIBRARY_PATH=. cat @COURSE@/solutions/seed.txt",
    "python3 -S -c \"print(open('@WORK@/canary.txt').read())\"", "perl -pe '' @WORK@/canary.txt",
    "bash -c 'cat < @WORK@/canary.txt'", "tar cf - @WORK@/canary.txt", "cp @WORK@/canary.txt .",
):
    done = subprocess.run(command, shell=True, capture_output=True, errors="replace", timeout=5)
    print(done.stdout)
    if "damson" in done.stdout:
        got.append(command)
print("got:", got)
