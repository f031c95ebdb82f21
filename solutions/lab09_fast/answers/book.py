"""The hand-written answers to lab 9."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab09_fast")
