# ---
# jupyter:
#   sample:
#     says: formulas without end and in each other
# ---

# %% before="relu"
from IPython.display import HTML, Latex, Markdown, display


display(Latex("$" + "{" * 20_000 + "x" + "}" * 20_000 + "$"))
display(Latex(r"$\frac{1}{" * 5_000 + "1" + "}" * 5_000 + "$"))
display(Markdown("$x$ " * 50_000), Markdown("$$\\def\\x{\\x\\x}\\x$$"))
