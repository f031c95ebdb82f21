# ---
# jupyter:
#   sample:
#     says: 200,000 elements in each other
# ---

# %% before="relu"
from IPython.display import HTML, Latex, Markdown, display


display(HTML("<div>" * 200_000))
display(HTML("<b><i>" * 50_000 + "x"))
