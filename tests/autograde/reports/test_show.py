"""What a terminal shows of a graded class."""

from __future__ import annotations

from autograde.reports import show
from autograde.results import ClassResult


def test_is_nobody_named_where_nobody_is_needed(capsys):
    show.attention(ClassResult("lab90_mini", ()), show.console())
    assert capsys.readouterr().out.split("\n")[:2] == ["Needs a person", "  nobody"]
