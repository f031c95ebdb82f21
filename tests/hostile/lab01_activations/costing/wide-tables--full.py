# ---
# jupyter:
#   sample:
#     says: a table with 40,000 cells, and Markdown ones
# ---

# %% before="relu"
from IPython.display import HTML, Latex, Markdown, display


display(HTML("<table>" + ("<tr>" + "<td>x</td>" * 200 + "</tr>") * 200 + "</table>"))
display(Markdown("|" * 2000 + "\n" + "|-" * 2000 + "|\n" + ("|x" * 2000 + "|\n") * 20))
