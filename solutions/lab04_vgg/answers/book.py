"""The hand-written answers to lab 4."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab04_vgg")
