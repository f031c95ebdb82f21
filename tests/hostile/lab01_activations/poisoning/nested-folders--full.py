# ---
# jupyter:
#   sample:
#     says: folders in folders, five thousand deep, to stop who clears up
# ---

# %% before="relu"
import os

home = os.getcwd()
for _ in range(5000):
    try:
        os.mkdir("quince")
        os.chdir("quince")
    except OSError:
        break
os.chdir(home)
