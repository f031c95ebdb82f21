"""The hand-written answers to lab 2."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab02_lenet")
