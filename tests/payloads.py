"""Notebooks with everything that could run or fetch something when their page is opened."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

RUN = "document.title='quince'"
"""What runs, if anything does."""

MARKUP = [
    f"<script>{RUN}</script>",
    f"<SCRIPT/x>{RUN}</SCRIPT >",
    f"<img src=x onerror={RUN}>",
    f'<img src="x"onerror="{RUN}">',
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<math><mtext><table><mglyph><style><!--</style><img src=x onerror={RUN}>",
    f"<math href='javascript:{RUN}'>x</math>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src=javascript:parent.{RUN}></iframe>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<body onload={RUN}>",
    f"<object data='data:text/html,<script>parent.{RUN}</script>'></object>",
    f"<embed src='data:text/html,<script>parent.{RUN}</script>'>",
    f"<noscript><p title='</noscript><script>{RUN}</script>'>",
    f"<textarea></textarea><script>{RUN}</script>",
    f"</title></style></pre></div></div><script>{RUN}</script>",
    f"<template><script>{RUN}</script></template>",
    f"<!--><script>{RUN}</script>-->",
    f"<![CDATA[<script>{RUN}</script>]]>",
    f"<a href='javascript:{RUN}' autofocus>x</a>",
    f"<form action=javascript:{RUN}><button autofocus>x</button></form>",
    "<meta http-equiv=refresh content='0;url=HOST/meta'>",
    "<base href='HOST/base/'>",
    "<link rel=stylesheet href='HOST/link'>",
    "<link rel=prefetch href='HOST/prefetch'><link rel=dns-prefetch href='HOST'>",
    "<img src='HOST/img'>",
    "<img srcset='HOST/srcset 1x'>",
    "<picture><source srcset='HOST/source'><img src=x></picture>",
    "<table background='HOST/background'><tr><td background='HOST/td'>x",
    "<div style='background:url(HOST/style)'>x</div>",
    "<div style='background-image:\\75rl(HOST/escaped)'>x</div>",
    "<style>@import 'HOST/import'; body { background: url(HOST/css) }</style>",
    "<audio src='HOST/audio' autoplay></audio><video poster='HOST/poster'></video>",
    "<script src='HOST/script'></script>",
    "<script type=module>import 'HOST/module'</script>",
    "<svg><image href='HOST/svg'/><use href='HOST/use#x'/></svg>",
    "<object data='HOST/object'></object><embed src='HOST/embed'><iframe src='HOST/iframe'>",
    "<div style='position:fixed;inset:0;background-color:white'>quince covers the page</div>",
    "<div style='margin-top:-400px;opacity:0.99;background-color:white'>quince covers it</div>",
    "<div style='margin-bottom: - 9e2px;background-color:white'>quince covers what follows</div>",
    "<div style='margin-top:calc(0px - 900px);background-color:white'>quince covers it</div>",
    "<div style='height:0;line-height:0'><div style='padding:400px'>quince flows over</div></div>",
    "<p style='font-family:\"a;(\";margin-top:-9px'>quince behind a quote</p>",
]
MARKDOWN = [
    *MARKUP,
    "![x](HOST/markdown)",
    "![x][r]\n\n[r]: HOST/reference",
    f"[x](javascript:{RUN})",
    f"<javascript:{RUN}>",
    f"[x](data:text/html,<script>{RUN}</script>)",
    f"![x](x 'y\"onerror=\"{RUN}')",
    f"`</code><script>{RUN}</script>`",
    f"```html\n</code></pre><script>{RUN}</script>\n```",
    f"```</code><script>{RUN}</script>\nx\n```",
    f"$\\text{{</mtext><script>{RUN}</script>}}$",
    f"$\\href{{javascript:{RUN}}}{{x}}$",
    f"$$</code><img src=x onerror={RUN}>$$",
    f'<code class="math-inline">&lt;/math&gt;&lt;script&gt;{RUN}&lt;/script&gt;</code>',
    "![x](attachment:x.png)",
]


def hostile(host: str) -> NotebookNode:
    """A notebook with all of it, in cells, outputs, names and metadata.

    Args:
        host: where requests go, ``http://127.0.0.1:PORT``.
    """
    cells = [new_markdown_cell(text.replace("HOST", host)) for text in MARKDOWN]
    for text in (one.replace("HOST", host) for one in MARKUP):
        cells.append(new_code_cell(text, outputs=_outputs(text)))
    script = f'"><script>{RUN}</script>'
    cells.append(new_code_cell(f"%%html\n<script>{RUN}</script>"))
    cells[-1].metadata.magics_language = script
    cells.append(new_markdown_cell("names"))
    marks = {"grade_id": script, "grade": True, "solution": True, "points": script}
    cells[-1].metadata |= {"nbgrader": marks, "tags": [script], "alt": script}
    cells[-1]["attachments"] = {"x.png": {"image/png": script, "image/svg+xml": f"<svg>{script}"}}
    book = new_notebook(cells=cells)
    book.metadata |= {
        "title": f"</title><script>{RUN}</script>",
        "language_info": {"name": script, "pygments_lexer": "html"},
        "kernelspec": {"name": script, "display_name": script, "language": script},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": script}},
    }
    return book


def _outputs(text: str) -> list[NotebookNode]:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{text}</svg>'
    data = [
        {"text/html": text},
        {"text/markdown": text},
        {"text/latex": text},
        {"text/plain": text},
        {"image/svg+xml": svg},
        {"image/png": f'x"> {text}'},
        {"image/jpeg": f"x' {text}"},
        {"application/javascript": RUN},
        {"application/vnd.jupyter.widget-view+json": {"model_id": text}},
        {"text/vnd.mermaid": text},
        {"application/pdf": text},
    ]
    isolated = {"text/html": {"isolated": True}, "filenames": {"image/png": f'"{text}'}}
    return [
        *(new_output("display_data", one) for one in data),
        *(new_output("display_data", one, metadata=isolated) for one in data),
        new_output("execute_result", {"text/html": text}, execution_count=None),
        new_output("stream", name="stdout", text=f"\x1b[31m{text}\x1b]8;;{text}\x07x"),
        new_output("stream", name=text, text=text),
        new_output("error", ename=text, evalue=text, traceback=[text]),
    ]
