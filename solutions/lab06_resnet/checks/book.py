"""The book of lab 6's checks, and how exactly values are compared."""

from __future__ import annotations

from autograde.authoring.checks import Book
from course.checks import close

check = Book("lab06_resnet")

TIGHT = close(rtol=1e-7, atol=1e-10, dtype=False)  # float64
DTYPE_TOO = close(rtol=1e-6, atol=1e-9)
DEEP = close(rtol=1e-6, atol=1e-8, dtype=False)  # after many layers in float64
