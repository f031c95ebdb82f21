# ---
# jupyter:
#   sample:
#     says: an object that is the built-in itself, by globals and vars
#     flags: [not-read]
# ---

# %% exercise="relu"
globals()["re" "lu"] = vars(torch)["re" "lu"]
