# ---
# jupyter:
#   sample:
#     says: an editor removed all nbgrader metadata
#     flags: [metadata-recovered]
#     edits: [strip]
# ---
