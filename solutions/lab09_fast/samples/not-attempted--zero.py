# ---
# jupyter:
#   sample:
#     says: the student notebook as released
# ---
