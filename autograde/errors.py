"""The base of errors that are written for the person who meets them."""

from __future__ import annotations


class DesignedError(Exception):
    """Says what was expected, what was found and what to do; shown without a traceback."""

    exit_code = 2
