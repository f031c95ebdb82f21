"""In Chromium: a person marks in formgrader. Pictures of each step stay in ``build/browser``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograde.authoring import samples
from autograde.handing_in.collecting import record
from autograde.handing_in.collecting.record import Entry, Record
from autograde.tree import find
from tests.autograde.cli.test_cli import autograde
from tests.autograde.formgrader.marking import TOKEN, marking
from tests.browser import chromium
from tests.browser.chromium import NARROW, NEEDS, accessible, fits, readable
from tests.payloads import RUN, hostile

playwright = pytest.importorskip("playwright.sync_api", reason=NEEDS)
pytestmark = pytest.mark.slow

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
WRITTEN = "why_top5"
MODEL = "Five different guesses out of K hold the label"
WAIT = 40_000  # milliseconds; a busy machine takes its time
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded class of two: an honest student, and one whose notebook tries everything."""
    work = tmp_path_factory.mktemp("class")
    (reference,) = [one for one in samples.load(COURSE.samples(LAB)) if one.name == "reference"]
    samples.hand_in([reference], COURSE, LAB, work / "submitted")
    honest = work / "submitted" / "anna" / LAB / f"{LAB}.ipynb"
    (work / "submitted" / "reference").rename(work / "submitted" / "anna")
    book = nbformat.read(honest, 4)
    answer = next(cell for cell in book.cells if cell.id == WRITTEN)
    answer.source = "Half of them by guessing alone, so I would not."
    nbformat.write(book, honest)
    tricks = [cell for cell in hostile(NOWHERE).cells if cell.cell_type == "markdown"]
    answer.source = "\n\n".join(["Look:", *(cell.source for cell in tricks[:40])])
    book.cells[3:3] = [nbformat.v4.new_code_cell(f"open({str(work / 'it-ran')!r}, 'w').close()")]
    book.cells += tricks
    evil = work / "submitted" / "mallory" / LAB
    evil.mkdir(parents=True)
    nbformat.write(book, evil / f"{LAB}.ipynb")
    people = {"anna": Entry("Anna Ivanova"), "mallory": Entry("Mallory <b>Bold</b>")}
    record.write(work, Record(LAB, students=people))
    assert autograde(COURSE, "grade", LAB, "--workdir", str(work)).returncode == 0
    return work


@pytest.fixture(scope="module")
def page(work: Path, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The class in formgrader, as the printed address opens it; ``asked`` has all requests."""
    home = tmp_path_factory.mktemp("home")
    with marking(COURSE, LAB, work, home) as served:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(WAIT)
        page.asked, page.failed, page.home = [], [], served.address
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.failed.append(str(error)))
        page.goto(f"{served.address}/?token={TOKEN}")
        yield page
        page.close()
        assert served.ended() == 0, served.log.read_text()


def shot(page: Any, name: str, shown: Any = None) -> None:
    page.wait_for_timeout(700)  # formgrader scrolls, and its boxes come, slowly
    if shown is not None:
        shown.scroll_into_view_if_needed()
    chromium.shot(page, f"marking-{name}")


def opened(page: Any, name: str) -> Any:
    """The page of a student, from the list; the cell with the written answer."""
    page.goto(f"{page.home}/formgrader/gradebook/{LAB}/{LAB}")
    page.locator("#main-table .glyphicon-eye-open").first.wait_for()
    page.get_by_text("Show All Names").click()
    shot(page, "1-class")
    page.locator("#main-table a.name-shown", has_text=name).click()
    cell = page.locator(".nbgrader_cell", has=page.locator(f"#{WRITTEN}"))
    playwright.expect(page.locator(f"#{WRITTEN}")).to_be_focused()
    return cell


def test_a_feedback_page_is_read_in_light_and_dark(window: Any, work: Path) -> None:
    assert autograde(COURSE, "feedback", LAB, "--workdir", str(work)).returncode == 0
    window.goto((work / "feedback" / "anna" / LAB / f"{LAB}.html").as_uri())
    chromium.shot(window, f"feedback-{window.named}")
    fits(window, window.named)
    readable(window.locator("body"), window.named)
    accessible(window)


# The pages of formgrader, beside the one of a student, which are light in any theme.
PAGES = (
    "manage_assignments",
    f"manage_submissions/{LAB}",
    "gradebook",
    f"gradebook/{LAB}",
    f"gradebook/{LAB}/{LAB}",
    "manage_students",
    "manage_students/anna",
)


def test_a_person_marks(page: Any, work: Path) -> None:
    """One story: see, give, write, come back, and let the student know."""
    cell = opened(page, "Ivanova, Anna")
    playwright.expect(cell).to_contain_text("Half of them by guessing alone")
    playwright.expect(cell.locator("details.beside")).to_contain_text(MODEL)
    playwright.expect(cell.locator("details.beside mark").first).to_have_text("(half a point)")
    page.locator(".glyphicon-eye-open.name-hidden").click()
    playwright.expect(page.locator(".breadcrumb .name-shown").first).to_contain_text(
        "Ivanova, Anna"
    )
    code = page.locator(".nbgrader_cell details.beside", has_text="Reference solution").first
    code.locator("summary").click()
    playwright.expect(code).to_contain_text("pixels - mean")
    code.scroll_into_view_if_needed()
    shot(page, "2-code")
    score, comment = cell.locator("input.score"), cell.locator("textarea.comment")
    _saved(page, score, "1.5", "/api/grade/")
    _saved(page, comment, "Which figure of *yours* says so?", "/api/comment/")
    shot(page, "3-marked")
    page.reload()
    playwright.expect(score).to_have_value("1.5")
    playwright.expect(comment).to_have_value("Which figure of *yours* says so?")
    page.set_viewport_size({"width": NARROW, "height": 900})
    fits(page, "a student's page")
    shot(page, "4-narrow", cell)
    page.goto(f"{page.home}/formgrader/gradebook/{LAB}/{LAB}")
    waiting = page.locator("#main-table tr:has(td.needs-manual-grade span)")
    playwright.expect(waiting).to_have_count(1)  # hers waits no more
    for number, name in enumerate(PAGES):
        page.goto(f"{page.home}/formgrader/{name}")
        page.locator("#main-table td").first.wait_for()
        shot(page, f"4-narrow-page-{number}")
        fits(page, name)
        last = page.locator("#main-table tr").first.locator("td").last
        last.scroll_into_view_if_needed()
        playwright.expect(last).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 900})

    assert autograde(COURSE, "feedback", LAB, "--workdir", str(work)).returncode == 0
    told = (work / "feedback" / "anna" / LAB / f"{LAB}.html").read_text()
    assert "1.5 of 2 points" in told
    assert "Which figure of <em>yours</em> says so?" in told
    assert "waits to be read" not in told
    assert MODEL not in told


def test_a_hostile_notebook_runs_nothing_and_asks_nobody(page: Any, work: Path) -> None:
    cell = opened(page, "Mallory")
    playwright.expect(cell).to_contain_text("Look:")
    playwright.expect(cell.locator("details.beside")).to_contain_text(MODEL)
    page.wait_for_load_state("networkidle")
    shot(page, "5-hostile")
    page.emulate_media(color_scheme="dark")  # formgrader stays light, and is read as before
    shot(page, "5-hostile-dark")
    assert page.title() == LAB
    assert RUN in page.locator("body").inner_text()  # shown, as text
    assert page.evaluate(INJECTED) == "refused"  # by the policy, should cleaning fail once
    assert [url for url in page.asked if not url.startswith(page.home)] == []
    assert page.failed == []

    # The button that would run it in nbgrader's own way.
    page.goto(f"{page.home}/formgrader/manage_submissions/{LAB}")
    row = page.locator("#main-table tr", has_text="mallory")
    row.locator(".autograde a").click()
    playwright.expect(page.locator(".modal pre")).to_contain_text("autograde grade LAB")
    shot(page, "6-autograde")
    assert not (work / "it-ran").exists()


INJECTED = """
() => new Promise((done) => {
  window.ran = "refused";
  document.body.insertAdjacentHTML("beforeend",
    "<img src='data:image/png;base64,x' onerror='window.ran = \\"ran\\"'>");
  setTimeout(() => done(window.ran), 500);
})
"""


def _saved(page: Any, place: Any, text: str, address: str) -> None:
    """Enter a text, leave the place, and wait until the server has it."""
    with page.expect_response(
        lambda one: address in one.url and one.request.method == "PUT"
    ) as put:
        place.fill(text)
        place.blur()
    assert put.value.ok
