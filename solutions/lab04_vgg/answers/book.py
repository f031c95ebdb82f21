"""The hand-written answers to lab 4."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from autograde.authoring.answers import Answers

answers = Answers("lab04_vgg")


def slips(exercise: str, changes: dict[str, str], **facts: Any) -> None:
    """Wrong answers that are the reference with a few lines replaced, by what they do."""
    for says, change in changes.items():
        answers.wrong(exercise, says, answers.changed(exercise, cleandoc(change)), **facts)
