"""Markdown, HTML and formulas of anybody, as HTML that runs nothing and asks nobody.

Cost is linear in the length of a text, which :mod:`autograde.reports.inert` bounds: markdown-it and
nh3 have no input that takes them longer.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from xml.etree import ElementTree

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin


def _words(text: str) -> set[str]:
    return set(text.split())


TAGS = _words("""
    a abbr b blockquote br code col colgroup dd del details div dl dt em figcaption figure h1 h2
    h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table
    tbody td tfoot th thead tr u ul var wbr
""")
ATTRIBUTES = {
    "*": {"style", "title", "align"},
    "a": {"href"},
    "code": {"class"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
STYLES = _words("""
    background-color border border-bottom border-collapse border-left border-radius border-right
    border-top color font-family font-size font-style font-weight margin margin-bottom margin-left
    margin-right margin-top opacity padding padding-bottom padding-left padding-right padding-top
    text-align vertical-align white-space width word-break
""")
COVERS = re.compile(r"-\s*[\d.]|[(\\]")
"""In a value: less than nothing, a function, an escape. Boxes may lie over others then."""

PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
MATH = re.compile(r'<code class="math-(inline|block)">(.*?)</code>', re.DOTALL)
MATH_TAGS = _words("""
    math menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts
    mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
    none
""")
MATH_ATTRIBUTES = _words("""
    accent columnalign columnlines depth display displaystyle fence form height largeop
    linethickness lspace mathsize mathvariant maxsize minsize movablelimits notation rowlines
    rowspacing rspace scriptlevel separator stretchy symmetric width
""")
LONGEST_FORMULA = 1_000
"""Characters; a longer one is shown as it is written."""

MOST_OF_FORMULAS = 5_000
"""Characters of a text's formulas, each counted as 20 more; the others are shown as written."""

LARGEST_TABLE = 5_000
"""Cells; who has more, or might, has text with bars."""

LONGEST_COLOURED = 2_500
"""Characters of code."""

W3 = "{http://www.w3.org/1998/Math/MathML}"


def from_markdown(source: str) -> str:
    """Markdown as HTML, its formulas as MathML; raw HTML in it is cleaned."""
    columns = max((line.count("|") for line in source.split("\n")), default=0)
    small = columns * source.count("\n") <= LARGEST_TABLE
    left = [MOST_OF_FORMULAS]

    def formula(found: re.Match[str]) -> str:
        left[0] -= len(found[2]) + 20
        return _formula(found, shown=left[0] > 0)

    return MATH.sub(formula, clean(_markdown(tables=small).render(source)))


def clean(markup: str) -> str:
    """HTML without scripts, forms, frames, classes, and anything that a browser would fetch."""
    return nh3.clean(
        markup,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        filter_style_properties=STYLES,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer",
    )


def highlighted(source: str, metadata: object = None) -> str:
    """Python code with its colours; long code without, since a lexer may take long."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    name = "python" if len(source) <= LONGEST_COLOURED else "text"
    source = "\n".join(line.rstrip() for line in source.split("\n"))  # else its time is cubic
    return str(
        highlight(source, get_lexer_by_name(name), HtmlFormatter(cssclass="highlight hl-ipython3"))
    )


def unchanged(markup: str) -> str:
    """Stands for nbconvert's filter of ``files/`` addresses, whose time is quadratic."""
    return markup


@cache
def _markdown(tables: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable("strikethrough")
    if tables:
        parser.enable("table")
    parser.use(dollarmath_plugin, allow_digits=False, double_inline=True, renderer=_kept)
    return parser


def _kept(text: str, options: Mapping[str, Any]) -> str:
    kind = "block" if options.get("display_mode") else "inline"
    return f'<code class="math-{kind}">{html.escape(text)}</code>'


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The value, or nothing where a browser would fetch it or hide the page behind it."""
    if name == "src":
        return value if PICTURE.fullmatch(value) else None
    if name == "href":
        return None if value.lower().lstrip().startswith("data") else value
    if name == "class":
        return value if value in ("math-inline", "math-block") else None
    if name == "style":  # a quote could hide where a declaration ends
        fit = (one for one in value.split(";") if not COVERS.search(one))
        return ";".join(fit) if not set(value) & {'"', "'"} else None
    return value


def _formula(found: re.Match[str], shown: bool) -> str:
    kind, tex = found[1], html.unescape(found[2])
    written = html.escape(f"$${tex}$$" if kind == "block" else f"${tex}$")
    if len(tex) > LONGEST_FORMULA or not shown:
        return written
    try:
        return _mathml(tex, kind)
    except Exception:  # whatever a formula that is none makes the converter raise
        return written


def _mathml(tex: str, kind: str) -> str:
    from latex2mathml.converter import convert

    root = ElementTree.fromstring(convert(tex.replace(r"\_", "_"), display=kind))
    for one in root.iter():
        if one.tag.removeprefix(W3) not in MATH_TAGS:
            raise ValueError(f"no MathML: {one.tag}")
        one.tag = one.tag.removeprefix(W3)
        one.attrib = {name: text for name, text in one.attrib.items() if name in MATH_ATTRIBUTES}
    return ElementTree.tostring(root, encoding="unicode")
