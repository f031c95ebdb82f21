"""The hand-written answers to lab 1."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("lab01_activations")
