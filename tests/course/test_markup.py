"""The one kind of table in the course's panels, and what cleaning leaves of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from torch import nn

from autograde.reports.markup import clean
from course import instruments, markup, preflight, progress

COURSE = Path(markup.__file__).parent
PARTS = re.compile(r"</?(?:tbody|thead|tfoot)\b")


def pages() -> dict[str, str]:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    line = preflight.Line("disk", "fail", "it is `full`", "Delete <something>.")
    return {
        "overview": progress.overview("lab01")._repr_html_(),
        "preflight": preflight.PreflightReport((line,))._repr_html_(),
        "layers": instruments.layer_table(model, (2,))._repr_html_(),
    }


@pytest.mark.parametrize("name", ["overview", "preflight", "layers"])
def test_is_a_table_made_of_rows_alone_and_left_whole_by_cleaning(name: str) -> None:
    page = pages()[name]
    assert "<table" in page
    assert not PARTS.search(page)  # formgrader shows them as text
    cleaned = clean(page)
    for tag in ("table", "tr", "th", "td", "code"):
        assert cleaned.count(f"<{tag}") == page.count(f"<{tag}"), tag


def test_is_no_table_written_elsewhere_in_the_course() -> None:
    others = [path for path in COURSE.rglob("*.py") if "<table" in path.read_text("utf-8")]
    assert others == [COURSE / "markup.py"]


def test_stand_numbers_at_the_right_and_only_wide_columns_in_lines() -> None:
    page = markup.table([("a", "b", "1")], ("x", "y", "z"), ("all", "", "1"), numbers=1, wide=(1,))
    cells = re.findall(r'<t[hd][^>]*style="([^"]+)">', page)
    assert [("right" in style, "nowrap" in style) for style in cells] == 3 * [
        (False, True),
        (False, False),
        (True, True),
    ]
    assert page.count('scope="col"') == 3
    assert page.count("<b>") == 3
