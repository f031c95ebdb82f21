# ---
# jupyter:
#   sample:
#     says: shows a panel with full points below its own cell
#     points: {relu: 0}
# ---

# %% before="relu"
from IPython.display import HTML, display

display(HTML("<div><b>relu</b> passed: 1 of 1 points</div>"))
display({"text/plain": "1.0", "text/html": "<b>1 of 1 points</b>"}, raw=True)
1.0

# %% exercise="relu"
def relu(x):
    return torch.full_like(x, 7)
