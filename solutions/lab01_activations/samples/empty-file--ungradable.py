# ---
# jupyter:
#   sample:
#     says: a file of 0 bytes
#     flags: [empty-file]
#     edits: [empty]
# ---
