# ---
# jupyter:
#   sample:
#     says: files that every later Python would run
# ---

# %% before="relu"
import site, sys

got = []
for place in [*sys.path, *site.getsitepackages(), site.getusersitepackages(), sys.prefix, "/lab", "@COURSE@"]:
    for name in ("quince.pth", "sitecustomize.py", "usercustomize.py"):
        try:
            with open(f"{place}/{name}", "x") as file:
                file.write("import os; os.environ['quince'] = 'x'\n")
            if place not in ("", "."):
                got.append(f"{place}/{name}")
        except OSError:
            pass
print("got:", got)
