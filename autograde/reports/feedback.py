"""Feedback pages, made by nbgrader from the graded notebooks; scripts in them are inert."""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

from jupyterlab_pygments import JupyterStyle
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from traitlets.config import Config

from autograde.authoring.build import quiet_nbgrader, told
from autograde.handing_in.beside import SECRET, TIMESTAMP
from autograde.nbgrader_settings import settings
from autograde.reports import fresh
from autograde.reports.fresh import FeedbackError
from autograde.reports.titles import titles

TEMPLATE = Path(__file__).parent / "templates" / "student_page"
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>"
)


class StudentPage(HTMLExporter):
    """A notebook as the page that its student reads."""


def generate(lab: str, work: Path) -> list[Path]:
    """Write a page for every graded student of a lab; those that are as they should be stay.

    Returns:
        All pages, ``work/feedback/STUDENT/LAB/LAB.html``, by student.

    Raises:
        FeedbackError: nothing is graded yet, or nbgrader fails.
    """
    from nbgrader.apps import NbGraderAPI

    wanted = fresh.stale(lab, work)
    for name in wanted:  # nbgrader makes what is not there
        shutil.rmtree(fresh.page(lab, work, name).parent, ignore_errors=True)
    if not wanted:
        return fresh.pages(lab, work)
    config = page_settings(work)
    config.Marks.titles = titles(work / "release" / lab / f"{lab}.ipynb")
    with quiet_nbgrader():
        result = NbGraderAPI(config=config).generate_feedback(lab, force=False)
    if not result["success"]:
        raise FeedbackError(f"nbgrader generate_feedback failed.\n{told(result)}")
    for name in wanted:
        page = fresh.page(lab, work, name)
        page.write_text(closed(page.read_text("utf-8")), "utf-8")
        _complete(page.parent)
    fresh.note(lab, work, wanted)
    return fresh.pages(lab, work)


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
