# ---
# jupyter:
#   sample:
#     says: writes into other students' notebooks and folders
# ---

# %% before="relu"
import glob, os

got = []
for path in (
    "@WORK@/submitted/aa-honest/lab01_activations/lab01_activations.ipynb", "@WORK@/submitted/zz-honest/lab01_activations/quince.py",
    "@WORK@/autograded/aa-honest/quince", "@WORK@/feedback/quince.html", "@WORK@/release/quince", "@WORK@/source/quince",
    "../../zz-honest/lab01_activations/quince", "@COURSE@/labs/quince", "@COURSE@/solutions/quince",
):
    try:
        with open(path, "r+" if path.endswith("ipynb") else "w") as file:
            file.write(" ")
        got.append(path)
    except OSError:
        pass
print("got:", got)
