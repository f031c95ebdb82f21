# ---
# jupyter:
#   sample:
#     says: outputs of kinds that pages read themselves
# ---

# %% before="relu"
from IPython.display import display

deep = []
for _ in range(500):
    deep = [deep]
for kind in ("application/json", "application/vnd.plotly.v1+json", "application/geo+json", "application/vnd.vega.v5+json", "application/x-quince"):
    display({kind: {"a": deep, "<script>": "</script><script>quince()</script>"}, "text/plain": "x"}, raw=True)
display({"text/html": ["<b>", "x"] * 20_000, "text/plain": ["x"] * 1000}, raw=True)
