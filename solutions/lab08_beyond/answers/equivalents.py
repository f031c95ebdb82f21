"""Changes of the reference that are no mistakes, and why, quoted as they are printed."""

from __future__ import annotations

from .book import answers

CHOSEN = "chosen = model(inputs).gather({}, classes[:, None])"
answers.equivalent(
    "saliency",
    f"- {CHOSEN.format(1)}\n+ {CHOSEN.format(-1)}",
    "scores have two axes: the last one is axis 1",
)
