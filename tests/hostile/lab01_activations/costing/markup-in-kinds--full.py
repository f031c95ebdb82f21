# ---
# jupyter:
#   sample:
#     says: outputs whose kinds, sizes and names are markup
# ---

# %% before="sigmoid"
from IPython.display import HTML, Audio, IFrame, Image, Javascript, Markdown, Math, display

X = "\"><script>alert(1)</script><img src=x onerror=alert(2)>"
data = {"image/png": X, "image/svg+xml": "<svg onload=alert(1)>" + X, X: X, "text/latex": X}
display(data, raw=True, metadata={"image/png": {"width": X, "height": X}, "isolated": True})
display(HTML(X), Javascript("alert(1)"), IFrame("javascript:alert(1)", 1, 1))
display(Markdown("[a](JaVa&#x0A;Script:alert(1)) <noscript><p title='</noscript>" + X + "'>"))
display(Image(url="http://127.0.0.1:9/x.png"), Audio(url="http://127.0.0.1:9/a.wav"))
display(Math(r"\href{javascript:alert(1)}{x} \style{position:fixed}{y}"))
raise type(X, (Exception,), {})(X)
