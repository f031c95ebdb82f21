"""nbgrader's own command grades behind the walls, with one line in its configuration."""

from __future__ import annotations

from pathlib import Path

from tests.autograde.plain import courses
from tests.autograde.plain.courses import NAME
from tests.autograde.plain.test_adversarial import CLASS, SOURCE

CHOSEN = ("right", "warns", "forges-the-display", "ends-the-process", "lost-tests")


def test_nbgraders_autograde_gives_what_plain_grading_gives(tmp_path: Path) -> None:
    books = {name: CLASS[name][0] for name in CHOSEN}
    courses.course(tmp_path, courses.notebook(SOURCE), books)
    line = "c = get_config()\nfrom autograde.plain.dropin import use; use(c)\n"
    (tmp_path / "nbgrader_config.py").write_text(line)
    found = courses.graded_by_stock(tmp_path, NAME)
    assert {name: courses.points(found, name) for name in CHOSEN} == {
        name: CLASS[name][1] for name in CHOSEN
    }
