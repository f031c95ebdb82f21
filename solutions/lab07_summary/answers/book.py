"""The hand-written answers to lab 7."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab07_summary")
