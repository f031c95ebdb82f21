# ---
# jupyter:
#   sample:
#     says: names of Python's and of the lab's taken for something else, below all that needs them
# ---

# %% before="tanh"
type, len, print, str, list, dict = 3, 4, None, "a", [1], {}
isinstance = Exception = object = super = property = None
F = pick = experiments = course = data = None
