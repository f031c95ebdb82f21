# ---
# jupyter:
#   sample:
#     says: tells its author when and where the page is read
# ---

# %% before="relu"
from IPython.display import HTML, Latex, Markdown, display


place = "http://127.0.0.1:@PORT@/quince"
for text in (
    f'<img src="{place}">', f'<link rel="stylesheet" href="{place}">', f'<iframe src="{place}"></iframe>',
    f'<style>@import url({place})</style>', f'<div style="background: url({place})">x</div>', f'<video src="{place}" autoplay></video>',
    f'<meta http-equiv="refresh" content="0; url={place}">', f'<form action="{place}"><button>points</button></form>',
):
    display(HTML(text), Markdown(text))
