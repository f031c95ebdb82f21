"""The book of lab 7's checks."""

from __future__ import annotations

from autograde.authoring.checks import Book

check = Book("lab07_summary")
LIMIT = 300_000  # numbers in the project's file, running statistics included, must be fewer
