# ---
# jupyter:
#   sample:
#     says: other code in the caches of modules
# ---

# %% before="relu"
import glob, os, py_compile, sys

got = []
for module in (sys.modules["course"], sys.modules["torch"], os):
    cache = os.path.join(os.path.dirname(module.__file__), "__pycache__")
    try:
        os.makedirs(cache, exist_ok=True)
        open(f"{cache}/quince.pyc", "w").write("x")
        got.append(cache)
    except OSError:
        pass
try:
    open(sys.modules["course"].__file__, "a").write("\n# quince\n")
    got.append("course")
except OSError:
    pass
print("got:", got)
