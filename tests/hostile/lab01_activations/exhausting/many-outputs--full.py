# ---
# jupyter:
#   sample:
#     says: displays 60,000 small outputs
# ---

# %% before="relu"
from IPython.display import display

for number in range(30_000):
    display(number)
    print(number, end="\r")
