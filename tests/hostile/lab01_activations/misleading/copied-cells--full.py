# ---
# jupyter:
#   sample:
#     says: a check's cell and an answer's cell copied
#     flags: [duplicate-cell]
#     edits: [duplicate:relu, duplicate:elu_answer]
# ---
