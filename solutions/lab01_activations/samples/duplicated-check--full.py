# ---
# jupyter:
#   sample:
#     says: a check's cell copied as it is
#     flags: [duplicate-cell]
#     edits: [duplicate:relu]
# ---
