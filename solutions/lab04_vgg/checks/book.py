"""The book of lab 4's checks, and how exactly they compare."""

from __future__ import annotations

from autograde.authoring.checks import Book
from course.checks import close

check = Book("lab04_vgg")

CLOSE = close(rtol=1e-7, atol=1e-10)
TIGHT = close(rtol=1e-7, atol=1e-10, dtype=False)
DEEP = close(rtol=1e-6, atol=1e-9)  # after 16 layers in float64
