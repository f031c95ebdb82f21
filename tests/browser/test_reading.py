"""In Chromium: class report, leaderboard and panels are read on a telephone, in light and dark."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from torch import nn

import course
from autograde.reports.class_report_page import page as report_page
from autograde.reports.leaderboard import board
from autograde.reports.leaderboard_page import page as leaderboard_page
from course import instruments, predictions, preflight
from course.checks.panel import html as panel
from course.labs.lab01_activations import check
from tests.autograde.reports.test_class_report import whole
from tests.autograde.reports.test_leaderboard import results, student
from tests.browser.chromium import accessible, fits, readable, shot
from tests.course.checks.test_panel import notebook

pytestmark = pytest.mark.slow
LONG = "anna-katharina.lewandowska-oppenheimer@students.example.org"


def leaderboard(name: str) -> str:
    """A page with two networks, one of them large, and a student without one."""
    class_ = [student(f"{name}1", 0.91, 20_000_000), student(f"{name}2", 0.8), student(name)]
    return leaderboard_page(board(results(*class_)), name)


@pytest.mark.parametrize("name", ["a word", LONG], ids=["words", "long"])
@pytest.mark.parametrize("kind", ["report", "leaderboard"])
def test_a_page_is_read_in_light_and_dark(window: Any, kind: str, name: str) -> None:
    window.set_content(report_page(whole(name)) if kind == "report" else leaderboard(name))
    shot(window, f"{kind}-{window.named}{'-long' * (name == LONG)}")
    fits(window, window.named)
    readable(window.locator("body"), window.named)
    accessible(window)


# Panels where no style sheet knows of them: ground, text and links as VS Code's own themes, Light
# Modern and Dark Modern, have them.
LINES = (("ok", "all there"), ("warn", "slow", "Wait."), ("fail", "no `data`", "Fetch it."))
BARE = """<!doctype html><html lang="en"><title>A cell's output</title><style>
:root { color-scheme: light; }
body { background: #ffffff; color: #3b3b3b; font: 13px system-ui, sans-serif; }
a { color: #005fb8; }
main > div { overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  :root { color-scheme: dark; }
  body { background: #1f1f1f; color: #cccccc; }
  a { color: #4daafc; } }
</style><main><h1>Lab</h1><h2>Part</h2><h3>Exercise</h3>"""


@cache
def panels() -> str:
    """One of each kind, one below the other."""
    checked = (
        eval('check("relu", points=1)', notebook(check, f"def relu(x):\n    {body}\n"))
        for body in ("raise NotImplementedError", "print(x); return x", "return x.clamp(min=0)")
    )
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    others = (
        course.overview("lab01"),
        preflight.PreflightReport(tuple(preflight.Line("data", *one) for one in LINES)),
        predictions.Comparison("slope", 0.5, 0.9),
        instruments.layer_table(network, (3, 32, 32)),
    )
    told = (*map(panel, checked), *(one._repr_html_() for one in others))
    return BARE + "".join(f'<div tabindex="0">{one}</div>' for one in told)


def test_panels_are_read_where_no_style_knows_them(window: Any) -> None:
    window.set_content(panels())
    for summary in window.locator("summary").all():
        summary.click()
    shot(window, f"panels-{window.named}")
    fits(window, window.named)
    readable(window.locator("body"), window.named)
    accessible(window)
