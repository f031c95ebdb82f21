"""The book of lab 8's checks, and how exactly values are compared."""

from __future__ import annotations

from autograde.authoring.checks import Book
from course.checks import close

check = Book("lab08_beyond")

TIGHT = close(rtol=1e-7, atol=1e-10, dtype=False)  # float64
TYPED = close(rtol=1e-7, atol=1e-10)
