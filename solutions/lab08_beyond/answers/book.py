"""The hand-written answers to lab 8."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab08_beyond")
