# ---
# jupyter:
#   sample:
#     says: all nbgrader metadata removed
#     flags: [metadata-recovered]
#     edits: [strip]
# ---
