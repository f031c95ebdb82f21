"""Pages of graded notebooks: nothing of a student's runs, and no page costs more than a second."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.server_extensions.formgrader.handlers import template_path

from autograde.handing_in.normalise.limits import Limits
from autograde.reports.feedback import TEMPLATE, closed, page_settings
from autograde.reports.inert import LONGEST_PAGE, LONGEST_TEXT, Inert
from autograde.reports.markup import clean, from_markdown
from autograde.sandbox.limits import Limits as Cells
from tests.payloads import MARKDOWN, MARKUP, RUN, hostile

HOST = "http://127.0.0.1:1"
COVERS = re.compile(r"-\s*\d|[(\\]|position|(^|;)\s*(line-)?height")
ACTIVE = {"script", "iframe", "object", "embed", "form", "base", "link", "meta", "style", "svg"}


class Active(HTMLParser):
    """What would run, fetch, or lie over the page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            text = (value or "").lower()
            fetches = name in ("src", "srcset", "background") and not text.startswith("data:image")
            covers = name == "style" and COVERS.search(text)
            runs = "javascript:" in text and not text.startswith(("http://", "https://"))
            if fetches or covers or name.startswith("on") or runs:
                self.found.append(f"<{tag} {name}={value!r}>")
        if tag in ACTIVE:
            self.found.append(f"<{tag}>")


def page(book: NotebookNode, template: str = TEMPLATE.name) -> str:
    """The notebook as nbgrader shows it with the course's settings."""
    config = page_settings(Path())
    config.HTMLExporter.template_name = template
    config.HTMLExporter.extra_template_basedirs = [template_path, str(TEMPLATE.parent)]
    static = Path(template_path).parent / "static/node_modules/bootstrap/dist/css"
    config.HTMLExporter.extra_template_paths = [str(static)]
    marks = {"score": 0, "max_score": 0, "late_penalty": 0, "waiting": 0, "title": "lab"}
    made, _ = HTMLExporter(config=config).from_notebook_node(
        nbformat.from_dict(book),
        {"nbgrader": marks, "base_url": "", "submission_id": "1", "index": 0, "total": 1},
    )
    return str(made)


@pytest.mark.parametrize("text", MARKUP)
def test_html_of_a_student_is_inert(text):
    assert Active(clean(text.replace("HOST", HOST))).found == []


@pytest.mark.parametrize("text", MARKDOWN)
def test_markdown_of_a_student_is_inert(text):
    assert Active(from_markdown(text.replace("HOST", HOST))).found == []


@pytest.mark.parametrize("template", [TEMPLATE.name, "feedback", "formgrade"])
def test_nothing_of_a_notebook_adds_to_what_the_page_runs(template):
    calm = new_notebook(cells=[new_markdown_cell("calm"), new_code_cell("1")])
    ours, theirs = Active(page(calm, template)).found, Active(page(hostile(HOST), template)).found
    assert theirs == ours


def test_a_feedback_page_has_no_script_at_all_and_a_policy_against_them():
    shown = closed(page(hostile(HOST)))
    assert "<script" not in shown.partition("<body>")[0]
    assert shown.index("Content-Security-Policy") < shown.index("<title>")


# The address of an ordinary link, with the other's text in its path: nothing runs.
@example(parts=["![x][r]\n\n[r]: HOST/reference", "[x](javascript:document.title='quince')"])
@given(st.lists(st.sampled_from([*MARKDOWN, "<", ">", "'", '"', "`", "$", "\n", "\\", "a"])))
def test_no_mixture_of_it_is_active(parts):
    text = "".join(parts).replace("HOST", HOST)
    assert Active(from_markdown(text)).found == []
    assert Active(clean(text)).found == []


def test_what_an_honest_notebook_shows_stays():
    shown = from_markdown(
        "**b** `code` [link](https://example.org) $x^2$ $$\\frac{a}{b}$$\n\n|a|b|\n|-|-|\n|1|2|\n\n"
        "<details><summary>more</summary>\n\ntext\n\n</details>"
    )
    for part in ("<strong>b</strong>", 'href="https://example.org"', "<msup>", "<mfrac>", "<td>1"):
        assert part in shown
    assert "<summary>more</summary>" in shown
    panel = '<div style="border-left:4px solid red;margin:4px 0"><b>relu</b></div>'
    assert clean(panel) == panel


def test_formulas_that_are_none_are_shown_as_written():
    assert "$\\frac{$" in from_markdown("$\\frac{$")
    assert "$" + "x" * 3000 + "$" in from_markdown("$" + "x" * 3000 + "$")


def test_pictures_and_colours_stay_and_control_characters_go():
    picture = "iVBORw0KGgo="
    cell = new_code_cell(
        "x",
        outputs=[
            new_output("display_data", {"image/png": picture, "text/plain": "figure"}),
            new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m\x1b[2J\x07\x08 done"),
        ],
    )
    shown = page(new_notebook(cells=[cell]))
    assert f"data:image/png;base64,{picture}" in shown
    assert "ansi-red-fg" in shown
    assert " done" in shown
    assert not set("\x1b\x07\x08") & set(shown)


COSTLY = {
    "brackets": "[" * 300_000,
    "pictures": "![" * 200_000,
    "links": "[a](" * 100_000,
    "emphasis": "*a_" * 100_000,
    "quotes": "> " * 100_000,
    "lists": "- " * 100_000,
    "references": "[a]: b\n" * 40_000 + "[a]" * 40_000,
    "tables": "a|b\n-|-\n" * 30_000,
    "dollars": "$a" * 100_000,
    "formulas": "$x$ " * 60_000,
    "fractions": "$" + "\\frac{" * 300 + "$ ",
    "colours": "\x1b[31m" * 100_000,
    "escapes": "\x1b[" * 200_000,
    "deep": "<div>" * 100_000,
    "attributes": "<a " + "x=1 " * 100_000 + ">",
    "quotes in code": "'" * 300_000,
    "braces": "f'{" * 100_000,
    "lines": "\n" * 500_000,
    "blanks": " \n" * 12_000,
    "columns": "|a" * 500 + "|\n" + "|-" * 500 + "|\n" + "x\n" * 11_000,
    "sums": ("$" + "x_1" * 300 + "$ ") * 25,
}


def _flood(cells: int, outputs: int) -> NotebookNode:
    one = [new_output("stream", name="stdout", text="x") for _ in range(outputs)]
    return new_notebook(cells=[new_code_cell("x", outputs=one) for _ in range(cells)])


MOST_CELLS, MOST_OUTPUTS = Limits().max_cells, Cells().output_count  # what comes from the engine


@pytest.mark.parametrize(
    "book",
    [_flood(MOST_CELLS, 0), _flood(1, MOST_OUTPUTS), _flood(40, MOST_OUTPUTS // 10)],
    ids=["cells", "outputs", "both"],
)
def test_many_cells_or_outputs_are_cut(book):
    page(new_notebook(cells=[new_markdown_cell("templates are read once")]))
    begun = time.process_time()
    shown = page(book)
    assert time.process_time() - begun < 2
    assert len(shown) < 2_000_000
    assert ("cells more are in the notebook" in shown) == (len(book.cells) > 1)
    assert ("outputs more" in shown) == (len(book.cells) == 40)


@pytest.mark.parametrize("odd", ["\ud800", [1], [None, ["a"]], 7, None, {"a": 1}])
def test_odd_outputs_stop_no_page(odd):
    cell = new_code_cell("x")
    cell.outputs = [
        NotebookNode(output_type="display_data", data={mime: odd}, metadata={})
        for mime in ("text/html", "text/plain", "image/png")
    ]
    words = new_markdown_cell("words")
    words.source = odd if isinstance(odd, str) else "words"
    book = NotebookNode(nbformat=4, nbformat_minor=5, metadata={}, cells=[cell, words])
    shown, _ = Inert().preprocess(book, {})
    assert page(shown).encode()


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_a_page_costs_a_second_at_most_and_says_what_it_cuts(text):
    outputs = [
        new_output("display_data", {"text/html": text}),
        new_output("display_data", {"text/markdown": text}),
        new_output("stream", name="stdout", text=text),
        new_output("error", ename="E", evalue="", traceback=[text]),
    ]
    book = new_notebook()
    for _ in range(5):
        book.cells += [new_markdown_cell(text), new_code_cell(text, outputs=outputs)]
    page(new_notebook(cells=[new_markdown_cell("templates are read once")]))
    begun = time.process_time()
    shown = page(book)
    assert time.process_time() - begun < 2  # half of it on a calm machine
    assert len(shown) < 20 * LONGEST_PAGE
    if len(text) > LONGEST_TEXT:
        assert "cut here" in shown


def test_no_flood_hides_an_answer_or_a_check():
    flood = [new_output("stream", name="stdout", text="flood\n" * 5_000) for _ in range(20)]
    answer = new_markdown_cell("my written answer")
    answer.metadata["nbgrader"] = {"grade_id": "why", "grade": True, "solution": True, "points": 2}
    panel = new_output("display_data", {"text/html": "<b>what the check says</b>"})
    check = new_code_cell("check()", outputs=[panel])
    check.metadata["nbgrader"] = {"grade_id": "relu", "grade": True, "points": 1}
    shown = page(
        new_notebook(cells=[new_code_cell("own", outputs=flood), answer, check]), "formgrade"
    )
    assert "my written answer" in shown
    assert "<b>what the check says</b>" in shown


def test_the_payloads_would_run_without_all_this():
    assert Active(MARKUP[0]).found
    assert RUN in MARKUP[0]
