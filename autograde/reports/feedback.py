"""Feedback pages, made by nbgrader from the graded notebooks; scripts in them are inert."""

from __future__ import annotations

import re
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from traitlets.config import Config

from autograde.authoring.build import quiet_nbgrader, told
from autograde.errors import DesignedError
from autograde.nbgrader_settings import settings
from autograde.reports.titles import titles

TEMPLATE = Path(__file__).parent / "templates" / "student_page"
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>"
)


class FeedbackError(DesignedError):
    """nbgrader could not write the pages; the message has its reason."""


class StudentPage(HTMLExporter):
    """A notebook as the page that its student reads."""


def generate(lab: str, work: Path) -> list[Path]:
    """Write a page for every graded student of a lab.

    Returns:
        The pages, ``work/feedback/STUDENT/LAB/LAB.html``, by student.

    Raises:
        FeedbackError: nothing is graded yet, or nbgrader fails.
    """
    from nbgrader.apps import NbGraderAPI

    if not list((work / "autograded").glob(f"*/{lab}/{lab}.ipynb")):
        raise FeedbackError(
            f"nothing to write feedback on: {work}/autograded has no {lab}. "
            f"Run `autograde grade {lab} --workdir {work}` first."
        )
    config = page_settings(work)
    config.Marks.titles = titles(work / "release" / lab / f"{lab}.ipynb")
    with quiet_nbgrader():
        result = NbGraderAPI(config=config).generate_feedback(lab, force=True)
    if not result["success"]:
        raise FeedbackError(f"nbgrader generate_feedback failed.\n{told(result)}")
    pages = sorted((work / "feedback").glob(f"*/{lab}/{lab}.html"))
    for page in pages:
        page.write_text(closed(page.read_text()))
    return pages


def page_settings(work: Path) -> Config:
    """nbgrader's configuration, with the course's own page."""
    from autograde.gradebook.marks import Marks

    config = settings(work, work, source=work / "source", release=work / "release")
    config.GenerateFeedback.preprocessors = [Marks, CSSHTMLHeaderPreprocessor]
    config.GenerateFeedback.exporter_class = StudentPage
    config.StudentPage.template_name = TEMPLATE.name  # nbgrader gives HTMLExporter its own
    config.StudentPage.extra_template_basedirs = [str(TEMPLATE.parent)]
    return config


def closed(page: str) -> str:
    """A page with nbgrader's own scripts taken out, and a policy that lets none in."""
    head, end, body = page.partition("</head>")
    head = SCRIPT.sub("", head).replace("<head>", f"<head>\n{POLICY}", 1)
    return head + end + body
