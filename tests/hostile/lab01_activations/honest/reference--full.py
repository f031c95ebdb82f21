# ---
# jupyter:
#   sample:
#     says: an honest neighbour, graded beside all the others
# ---

# %% before="sigmoid"
neighbour = "the answers of somebody else: quince"
