# ---
# jupyter:
#   sample:
#     says: reads the gradebook, the journal and the results
# ---

# %% before="relu"
import glob

for path in ("gradebook.db", "journal/*.jsonl", "results/*.json", "canary.txt", "*"):
    for one in glob.glob(f"@WORK@/{path}"):
        try:
            print(open(one, errors="replace").read(100_000))
        except OSError as error:
            print(error)
for one in glob.glob("/**/gradebook.db", recursive=True):
    print(one, open(one, errors="replace").read(100_000))
