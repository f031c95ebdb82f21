# ---
# jupyter:
#   sample:
#     says: the reference, handed in
# ---
