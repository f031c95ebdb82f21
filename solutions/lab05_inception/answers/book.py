"""The hand-written answers to lab 5."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab05_inception")
