# ---
# jupyter:
#   sample:
#     says: Markdown whose parsing takes for ever
# ---

# %% before="relu"
from IPython.display import HTML, Latex, Markdown, display


for text in ("[" * 100_000, "![" * 50_000, "[a](" * 50_000, "*a_" * 50_000, "`" * 99_999, "<a" * 50_000, ">" * 50_000):
    display(Markdown(text))
