"""The hand-written answers to lab 6."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab06_resnet")
