"""The book of lab 9's checks."""

from __future__ import annotations

from autograde.authoring.checks import Book

check = Book("lab09_fast")
