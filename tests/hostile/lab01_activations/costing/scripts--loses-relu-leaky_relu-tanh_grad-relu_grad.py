# ---
# jupyter:
#   sample:
#     says: scripts in every kind of output, in errors and in what is printed
#     points: {relu: 0, leaky_relu: 0, tanh_grad: 0, relu_grad: 0}
# ---

# %% before="sigmoid"
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display

SCRIPT = "<script>document.title = 'quince'</script>"
IMAGE = "<img src=x onerror=\"document.title = 'quince'\">"
LINK = "[go](javascript:document.title='quince') <a href=\"javascript:document.title='quince'\">go</a>"
print(SCRIPT, IMAGE, "\x1b]8;;javascript:quince\x07go\x1b]8;;\x07")
for text in (SCRIPT, IMAGE, LINK, "<iframe srcdoc=\"" + SCRIPT.replace('"', "'") + "\"></iframe>"):
    display(HTML(text), Markdown(text), Latex(text), {"text/plain": text}, raw=False)
    display({"text/html": text, "text/plain": text, "image/svg+xml": f"<svg>{text}</svg>"}, raw=True)
    display({"text/markdown": text}, raw=True)
    display({"text/latex": f"$x$ {text}"}, raw=True)
    display({"image/png": f"'>{text}"}, raw=True)
display(Javascript("document.title = 'quince'"))
display(SVG(data=f"<svg xmlns='http://www.w3.org/2000/svg' onload='quince()'>{SCRIPT}</svg>"))
display({"application/javascript": "quince()", "text/javascript": "quince()"}, raw=True)
raise ValueError(SCRIPT + IMAGE)


# %% exercise="relu"
def relu(x):
    print(SCRIPT, IMAGE)
    raise ValueError(SCRIPT + IMAGE + "</code></table>")


# %% exercise="leaky_relu"
class Named:
    """Shows a script as its text."""

    def __repr__(self):
        return SCRIPT + IMAGE


def leaky_relu(x, negative_slope=0.01):
    return Named()


# %% exercise="tanh_grad"
raise ValueError(SCRIPT + IMAGE)


# %% exercise="relu_grad"
def relu_grad(y):
    return [SCRIPT, {SCRIPT: IMAGE}]
