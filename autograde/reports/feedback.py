"""Feedback pages, made by nbgrader from the graded notebooks; scripts in them are inert."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from jupyterlab_pygments import JupyterStyle
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from traitlets.config import Config

from autograde.authoring.build import quiet_nbgrader, told
from autograde.gradebook import scores, sound
from autograde.handing_in.beside import SECRET, TIMESTAMP
from autograde.nbgrader_settings import settings
from autograde.reports import fresh
from autograde.reports.fresh import FeedbackError
from autograde.reports.titles import titles

TEMPLATE = Path(__file__).parent / "templates" / "student_page"
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
AT_ONCE = 16
"""Pages that one process makes before it is given others; fewer need no process of their own."""

POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>"
)


class StudentPage(HTMLExporter):
    """A notebook as the page that its student reads."""


def generate(lab: str, work: Path, jobs: int = 1) -> list[Path]:
    """Write a page for every graded student of a lab; those that are as they should be stay.

    Args:
        lab: the lab's name.
        work: the class's folder.
        jobs: processes that make pages, where there are many.

    Returns:
        All pages, ``work/feedback/STUDENT/LAB/LAB.html``, by student.

    Raises:
        FeedbackError: nothing is graded yet, or nbgrader fails.
        GradebookError: the gradebook can't be used.
    """
    wanted = fresh.stale(lab, work)
    if wanted and not scores.knows(work / "gradebook.db", lab):
        raise FeedbackError(
            f"nothing to write feedback on: {work}/gradebook.db has no grades of {lab}. "
            f"Run `autograde grade {lab} --workdir {work}` first."
        )
    if failed := "\n".join(_made_by(jobs, lab, work, wanted)):
        sound.check(work / "gradebook.db")
        raise FeedbackError(f"nbgrader generate_feedback failed.\n{failed}")
    if wanted:
        fresh.note(lab, work, wanted)
    return fresh.pages(lab, work)


def _made_by(jobs: int, lab: str, work: Path, students: Sequence[str]) -> Iterator[str]:
    """Pages, made by so many processes; yields what nbgrader says where it fails."""
    make = partial(_made, lab, work)
    parts = [students[n : n + AT_ONCE] for n in range(0, len(students), AT_ONCE)]
    if min(jobs, len(parts)) < 2:
        yield from filter(None, map(make, parts))
        return
    # Not forked: this process may have threads, of torch and of grading.
    with ProcessPoolExecutor(min(jobs, len(parts)), get_context("spawn")) as pool:
        yield from filter(None, pool.map(make, parts))


def _made(lab: str, work: Path, students: Sequence[str]) -> str:
    """Pages of these students; what nbgrader says where it fails."""
    from nbgrader.apps import NbGraderAPI

    config = page_settings(work)
    config.Marks.titles = titles(work / "release" / lab / f"{lab}.ipynb")
    with quiet_nbgrader():
        maker = NbGraderAPI(config=config)
        for name in students:
            page = fresh.page(lab, work, name)
            shutil.rmtree(page.parent, ignore_errors=True)  # nbgrader makes what is not there
            # By name: nbgrader would look at the whole class for each.
            result = maker.generate_feedback(lab, name, force=False)
            if not result["success"]:
                return told(result)
            page.write_text(closed(page.read_text("utf-8")), "utf-8")
            _complete(page.parent)
    return ""


def _complete(folder: Path) -> None:
    """Beside a page what ``nbgrader release_feedback`` wants for the whole class, where the
    submission came another way than by its exchange: nobody can fetch the page by this secret.
    """
    for name, text in ((TIMESTAMP, ""), (SECRET, secrets.token_hex(64))):
        if not (folder / name).exists():
            (folder / name).write_text(text, "utf-8")


def page_settings(work: Path) -> Config:
    """nbgrader's configuration, with the course's own page."""
    from autograde.gradebook.marks import Marks

    config = settings(work, work, source=work / "source", release=work / "release")
    config.GenerateFeedback.preprocessors = [Marks, CSSHTMLHeaderPreprocessor]
    config.GenerateFeedback.exporter_class = StudentPage
    config.CSSHTMLHeaderPreprocessor.style = JupyterStyle  # colours by name: page.css has them
    config.StudentPage.template_name = TEMPLATE.name  # nbgrader gives HTMLExporter its own
    config.StudentPage.extra_template_basedirs = [str(TEMPLATE.parent)]
    return config


def closed(page: str) -> str:
    """A page with nbgrader's own scripts taken out, and a policy that lets none in."""
    head, end, body = page.partition("</head>")
    head = SCRIPT.sub("", head).replace("<head>", f"<head>\n{POLICY}", 1)
    return head + end + body
