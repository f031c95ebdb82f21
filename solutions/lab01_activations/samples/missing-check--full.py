# ---
# jupyter:
#   sample:
#     says: a check's cell is deleted
#     flags: [missing-cell]
#     edits: [drop:dead_fraction]
# ---
