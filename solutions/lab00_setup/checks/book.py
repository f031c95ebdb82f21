"""The book of lab 0's checks."""

from __future__ import annotations

from autograde.authoring.checks import Book

check = Book("lab00_setup")
