# ---
# jupyter:
#   sample:
#     says: 30 MB
#     flags: [too-large]
#     edits: [huge]
# ---
