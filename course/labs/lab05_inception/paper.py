"""What the GoogLeNet paper states: the nine Inception blocks of its table 1.

The notebook gives these numbers to the student, as data to build from.

Source: Szegedy and others, *Going Deeper with Convolutions* (2015), table 1.
"""

from __future__ import annotations

from typing import NamedTuple


class Spec(NamedTuple):
    """Output channels of the six convolutions of one Inception block, in table 1's order."""

    n1x1: int
    n3x3_reduce: int
    n3x3: int
    n5x5_reduce: int
    n5x5: int
    pool_proj: int

    def scaled(self, width: float) -> Spec:
        """Every number times ``width``, rounded, at least 1."""
        return Spec(*(max(1, round(width * number)) for number in self))


TABLE: dict[str, Spec] = {
    "3a": Spec(64, 96, 128, 16, 32, 32),
    "3b": Spec(128, 128, 192, 32, 96, 64),
    "4a": Spec(192, 96, 208, 16, 48, 64),
    "4b": Spec(160, 112, 224, 24, 64, 64),
    "4c": Spec(128, 128, 256, 24, 64, 64),
    "4d": Spec(112, 144, 288, 32, 64, 64),
    "4e": Spec(256, 160, 320, 32, 128, 128),
    "5a": Spec(256, 160, 320, 32, 128, 128),
    "5b": Spec(384, 192, 384, 48, 128, 128),
}
"""The nine blocks of GoogLeNet; a max-pooling comes before 4a and before 5a."""

INPUTS: dict[str, tuple[int, int]] = {
    "3a": (192, 28),
    "3b": (256, 28),
    "4a": (480, 14),
    "4b": (512, 14),
    "4c": (512, 14),
    "4d": (512, 14),
    "4e": (528, 14),
    "5a": (832, 7),
    "5b": (832, 7),
}
"""Channels and side of the maps that enter each block, for images of 224 × 224."""
