"""Markdown, HTML and formulas of anybody, as HTML that runs nothing and asks nobody.

Cost is linear in the length of a text, which :mod:`autograde.reports.inert` bounds: markdown-it and
nh3 have no input that takes them longer.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from xml.etree import ElementTree

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograde.handing_in.normalise.flags import BLANK


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
WORD = r"#?[a-z0-9]+(-[a-z]+)*"
SMALL = r"(0|[1-9]?\d(\.\d+)?px|[0-4](\.\d+)?em)"
STYLES = {
    "text-align": WORD,
    "vertical-align": WORD,
    "font-style": WORD,
    "font-weight": WORD,
}
"""What a table of a student's may ask for, and how that may look: nothing has a size or a place."""

OUR_STYLES = STYLES | {
    **dict.fromkeys(("margin", "padding"), f"{SMALL}( {SMALL}){{0,3}}"),
    **dict.fromkeys(("margin-left", "margin-top", "padding-left"), SMALL),
    "background-color": WORD,
    "border-left": f"{SMALL} solid {WORD}",
    "border-radius": SMALL,
    "color": WORD,
    "line-height": r"1(\.\d+)?",
    "opacity": r"0?\.[5-9]\d*|1",
    "white-space": WORD,
}
"""Of our own panels, which come through the same filters."""

ADDRESS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0]")
"""What browsers leave out of an address, and more."""

NUMBERS = _words("width height colspan rowspan start")
NUMBER = re.compile(r"\d{1,3}")
HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]"
    r"|(?<![^\x00-\x7f\u2000-\u206f])[\u200c\u200d\ufe0e\ufe0f]"  # within words and emoji they stay
    r"|[\u200c\u200d](?![^\x00-\x7f\u2000-\u206f])"
    rf"|(?![\u200c\u200d\ufe0e\ufe0f]){BLANK.pattern}"
)
"""What a browser obeys, or shows as nothing."""

PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
MATH = re.compile(r'<code class="math-(inline|block)">(.*?)</code>', re.DOTALL)
MATH_TAGS = _words("""
    math menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts
    mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
    none
""")
MATH_ATTRIBUTES = _words("""
    accent columnalign columnlines display displaystyle fence form height largeop linethickness
    mathvariant maxsize minsize movablelimits notation rowlines scriptlevel separator stretchy
    symmetric width
""")
LENGTHS = _words("height linethickness maxsize minsize width")
LENGTH = re.compile(r"\d*\.?\d+(?=(em|ex|px|pt)?$)|negativethinmathspace|medium|thin|thick")
POINTS = _words("px pt")
LONGEST = 3.0
"""In em: the longest blank or line of a formula."""

ROOM = 40.0
"""In em: all of them together."""

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

    cleaned = _cleaned(_markdown(tables=small).render(source), {}, maths=True)
    return MATH.sub(formula, cleaned)


def clean(markup: str) -> str:
    """HTML without scripts, forms, frames, classes, and anything that a browser would fetch; of
    styles, those that our panels have.
    """
    return _cleaned(markup, OUR_STYLES)


def of_student(markup: str) -> str:
    """The same, and without whatever makes a box look like one of ours, or large."""
    return _cleaned(markup, STYLES)


def visible(text: str) -> str:
    """A text in which marks of direction and control, and what looks like nothing, are written.

    Else code could look like other code: its lines turned around, and parts of it unseen.
    """
    return HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def _cleaned(markup: str, styles: Mapping[str, str], maths: bool = False) -> str:
    def kept(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return _style(value, styles)
        return _attribute(tag, name, value) if name != "class" or maths else None

    found = nh3.clean(
        markup,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=kept,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer",
    )
    return visible(found)


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
        address = IGNORED.sub("", value)
        return address if ADDRESS.match(address) else None
    if name in NUMBERS:
        return value if NUMBER.fullmatch(value) else None
    if name == "class":
        return value if value in ("math-inline", "math-block") else None
    return value


def _style(value: str, styles: Mapping[str, str]) -> str | None:
    """The declarations that are allowed, each as a whole."""
    named = ((one, *one.strip().partition(":")) for one in value.split(";"))
    fit = [one for one, name, _, text in named if _fits(text.strip(), styles.get(name.strip()))]
    return ";".join(fit) or None


def _fits(text: str, pattern: str | None) -> bool:
    return pattern is not None and bool(re.fullmatch(pattern, text))


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
        if one.tag == "mpadded":  # without a size, what is in it would lie over its neighbours
            one.attrib = {}
    if sum(lengths := [*_lengths(root)]) > ROOM or max(lengths, default=0.0) > LONGEST:
        raise ValueError("a formula that is larger than its page")
    if kind == "block":
        root.set("tabindex", "0")  # where it is wider than the window, it scrolls by keyboard too
    return ElementTree.tostring(root, encoding="unicode")


def _lengths(root: ElementTree.Element) -> Iterator[float]:
    """Lengths in a formula, in em, as far as any is written; endless where it can't be read."""
    for one in root.iter():
        for name in LENGTHS & one.attrib.keys():
            found = LENGTH.match(one.attrib[name])
            if not found:
                yield float("inf")
            elif found[0][0] in "0123456789.":
                yield float(found[0]) / (8 if found[1] in POINTS else 1)
