# ---
# jupyter:
#   sample:
#     says: an answer's cell is deleted
#     points: {dead_fraction: 0}
#     flags: [missing-cell]
#     edits: [drop:dead_fraction_answer]
# ---
