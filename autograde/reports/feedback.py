"""Feedback pages, made by nbgrader from the graded notebooks; scripts in them are inert."""

from __future__ import annotations

import re
from pathlib import Path

from autograde.authoring.build import quiet_nbgrader, told
from autograde.errors import DesignedError
from autograde.nbgrader_settings import settings

SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>"
)


class FeedbackError(DesignedError):
    """nbgrader could not write the pages; the message has its reason."""


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
    config = settings(work, work, source=work / "source", release=work / "release")
    with quiet_nbgrader():
        result = NbGraderAPI(config=config).generate_feedback(lab, force=True)
    if not result["success"]:
        raise FeedbackError(f"nbgrader generate_feedback failed.\n{told(result)}")
    pages = sorted((work / "feedback").glob(f"*/{lab}/{lab}.html"))
    for page in pages:
        page.write_text(closed(page.read_text()))
    return pages


def closed(page: str) -> str:
    """A page with nbgrader's own scripts taken out, and a policy that lets none in."""
    head, end, body = page.partition("</head>")
    head = SCRIPT.sub("", head).replace("<head>", f"<head>\n{POLICY}", 1)
    return head + end + body
