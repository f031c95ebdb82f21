# ---
# jupyter:
#   sample:
#     says: an answer's cell copied as it is
#     flags: [duplicate-cell]
#     edits: [duplicate:relu_answer]
# ---
