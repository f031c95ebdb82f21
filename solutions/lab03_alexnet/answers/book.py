"""The hand-written answers to lab 3."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab03_alexnet")
