# ---
# jupyter:
#   sample:
#     says: a folder with the notebook's name
#     flags: [wrong-kind]
#     edits: [folder]
# ---
