"""Late submissions: nbgrader's own plugin says what they cost, as for ``nbgrader autograde``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from traitlets.config import Config

from autograde.gradebook.pieces import submissions
from autograde.gradebook.sound import legible
from autograde.handing_in.beside import TIMESTAMP
from autograde.handing_in.collecting.lateness import near
from autograde.handing_in.normalise import Flag
from autograde.handing_in.normalise.flags import shown


def handed_in(official: Mapping[str, bytes]) -> tuple[datetime | None, tuple[Flag, ...]]:
    """When a submission was handed in, UTC, by nbgrader's own file beside it.

    Returns:
        None where no file says so; a flag where it says what is no time.
    """
    if TIMESTAMP not in official:
        return None, ()
    text = official[TIMESTAMP].decode("utf-8", "replace").strip()
    try:
        return near(parse_utc(text)), ()
    except (ValueError, OverflowError, TypeError):
        message = (
            f"{TIMESTAMP} holds no time: {shown(text)}. It counts as handed in on time; correct "
            "the file and grade again."
        )
        return None, (Flag("no-timestamp", "attention", "", message),)


def penalise(book: Gradebook, lab: str, config: Config) -> None:
    """Write the penalties of a lab's late submissions; nobody else has one.

    Args:
        book: has the lab's due date (``nbgrader db assignment add LAB --duedate …``), extensions
            and when each was handed in.
        lab: the lab's name.
        config: nbgrader's; ``LateSubmissionPlugin`` or ``AssignLatePenalties`` in it set the rule.
    """
    rule = AssignLatePenalties(config=config)
    rule.init_plugin()
    with legible(book):
        for submission in submissions(book, lab):
            late = submission.total_seconds_late
            for notebook in submission.notebooks:
                penalty = None
                if late > 0:
                    name = submission.student.id
                    penalty = rule.plugin_inst.late_submission_penalty(name, notebook.score, late)
                if penalty is not None:
                    penalty = rule._check_late_penalty(notebook, penalty)
                if notebook.late_submission_penalty != penalty:
                    notebook.late_submission_penalty = penalty
        book.db.commit()
