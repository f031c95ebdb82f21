# ---
# jupyter:
#   sample:
#     says: opens the gradebook, the journal and other students' work where they lie
# ---

# %% before="sigmoid"
import glob
import os
import sqlite3

tried = []
for path in ["@WORK@/gradebook.db", *glob.glob("/**/gradebook.db", recursive=True)]:
    try:
        book = sqlite3.connect(f"file:{path}?mode=rw", uri=True)
        book.execute("UPDATE grade SET auto_score = 1000")
        book.commit()
        tried.append("wrote scores")
    except sqlite3.Error as error:
        tried.append(type(error).__name__)
for path in ["journal/lab01_activations.jsonl", "autograded/x", "submitted/reference/x"]:
    try:
        with open(f"@WORK@/{path}", "a") as file:
            file.write("x")
        tried.append(f"wrote {path}")
    except OSError as error:
        tried.append(type(error).__name__)
print("tried:", sorted(set(tried)))
