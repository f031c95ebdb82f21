"""In Chromium: feedback and class report are read on a telephone, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograde.reports.class_report_page import page as report_page
from autograde.reports.feedback import closed
from tests.autograde.reports.test_class_report import whole
from tests.autograde.reports.test_frames import WHOLE, marked
from tests.autograde.reports.test_inert import page as feedback_page
from tests.browser.chromium import accessible, readable, shot

pytestmark = pytest.mark.slow
NARROW = 420  # pixels


def feedback() -> str:
    """A page with what such pages have: prose, code, an error, a panel, a written answer."""
    panel = new_output("execute_result", {"text/html": WHOLE, "text/plain": "relu"})
    stopped = new_output("error", ename="ValueError", evalue="of no use", traceback=["ValueError"])
    cells = [
        new_markdown_cell("# Lab 1\n\nSome *prose* with `code`, $x^2$ and a [link](https://a.b)."),
        new_code_cell("def relu(x):  # a comment\n    return x", outputs=[stopped]),
        marked(new_code_cell('check("relu", points=1)', outputs=[panel]), grade=True, points=1),
        marked(new_markdown_cell("Because."), grade=True, solution=True, points=1),
    ]
    return closed(feedback_page(new_notebook(cells=cells)))


@pytest.fixture(params=["light", "dark"])
def telephone(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    page = browser.new_page(
        color_scheme=request.param, viewport={"width": NARROW, "height": 900}, bypass_csp=True
    )
    page.scheme = request.param
    yield page
    page.close()


@pytest.mark.parametrize("name", ["feedback", "report"])
def test_a_page_is_read_on_a_telephone_in_light_and_dark(telephone: Any, name: str) -> None:
    telephone.set_content(feedback() if name == "feedback" else report_page(whole("a word")))
    shot(telephone, f"{name}-{telephone.scheme}")
    readable(telephone.locator("body"), f"{name}, {telephone.scheme}")
    assert telephone.evaluate("document.documentElement.scrollWidth") <= NARROW
    accessible(telephone)
