"""The book of lab 3's checks."""

from __future__ import annotations

from autograde.authoring.checks import Book

check = Book("lab03_alexnet")
