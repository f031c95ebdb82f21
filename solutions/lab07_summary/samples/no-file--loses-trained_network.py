# ---
# jupyter:
#   sample:
#     says: no weights handed in
#     points: {trained_network: 0}
#     flags: [file-missing]
# ---
