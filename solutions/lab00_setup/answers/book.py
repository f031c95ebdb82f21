"""The hand-written answers to lab 0."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab00_setup")
