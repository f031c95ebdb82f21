"""The book of lab 4's checks, how exactly they compare, and a hint that two of them give."""

from __future__ import annotations

from autograde.authoring.checks import Book
from course.checks import close

check = Book("lab04_vgg")

CLOSE = close(rtol=1e-7, atol=1e-10)
TIGHT = close(rtol=1e-7, atol=1e-10, dtype=False)
DEEP = close(rtol=1e-6, atol=1e-9)  # after 16 layers in float64

# Forgotten, fixed and outside can't be told apart where ε is small or large: they share a hint.
EPSILON = "ε stands below the root, beside σ², and it is the one that comes in. Is it so in yours?"
