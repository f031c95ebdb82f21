# ---
# jupyter:
#   sample:
#     says: the untouched student notebook
# ---
