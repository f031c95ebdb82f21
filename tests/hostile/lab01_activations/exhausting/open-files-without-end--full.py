# ---
# jupyter:
#   sample:
#     says: opens files without end (it would stop by itself at 20,000)
# ---

# %% before="relu"
import os

opened = []
try:
    while len(opened) < 20_000:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
print("got:", [] if len(opened) < 2000 else [len(opened)])
for number in opened:
    os.close(number)
