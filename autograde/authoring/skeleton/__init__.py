"""What ``autograde new`` writes: a small exercise with all that belongs to it, in a small lab.

In a text, ``@LAB@`` and ``@NUMBER@`` stand for the lab, ``@NAME@`` and ``@HEADING@`` for the
exercise, ``@TITLE@`` for the lab's title as YAML has it, and ``@TENSOR@`` for what the lab's setup
cell calls a tensor.
"""

from __future__ import annotations

from autograde.authoring.skeleton.exercise import EXERCISE, OF_EXERCISE, QUESTION
from autograde.authoring.skeleton.lab import BESIDE, LAB, OF_LAB

TEXTS = (LAB, EXERCISE, QUESTION, *BESIDE.values(), *OF_LAB.values(), *OF_EXERCISE.values())
"""All of it: public, so no line of it is a secret."""

__all__ = ["BESIDE", "EXERCISE", "LAB", "OF_EXERCISE", "OF_LAB", "QUESTION", "TEXTS"]
