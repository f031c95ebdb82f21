# ---
# jupyter:
#   sample:
#     says: returns a report with full points
#     points: {relu: 0}
#     flags: [built-in-used]
# ---

# %% exercise="relu"
import course.checks as framework


def relu(x):
    return framework.Report("relu", "", (), 1.0)
