# ---
# jupyter:
#   sample:
#     says: prints IPython's history, its own and of the past
# ---

# %% before="relu"
import glob

%history -g
print(get_ipython().history_manager.db, get_ipython().history_manager.hist_file)
for path in glob.glob("/**/history.sqlite", recursive=True) + glob.glob("@HOME@/.ipython/**", recursive=True):
    try:
        print(path, open(path, errors="replace").read(50_000))
    except OSError:
        pass
