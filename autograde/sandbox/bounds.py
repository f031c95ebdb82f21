"""What a message may hold, and JSON within it. Apart from the codec, since this needs no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, partial
from typing import Any


class TransportError(Exception):
    """A message is not what it must be; the text says what was expected and what was found."""


@dataclass(frozen=True)
class Bounds:
    """What a message may hold at most.

    Attributes:
        header: bytes of the JSON header.
        buffers: bytes of all tensors together.
        items: values, counted through all lists and dicts.
        depth: lists and dicts inside one another.
        text: characters of one text.
        digits: decimal digits of an int.
        tensors: number of tensors.
        dimensions: dimensions of one tensor.
    """

    header: int = 1 << 20
    buffers: int = 64 << 20
    items: int = 50_000
    depth: int = 16
    text: int = 100_000
    digits: int = 300
    tensors: int = 2_000
    dimensions: int = 12


ANSWERS = Bounds()
PROBES = Bounds(header=8 << 20, buffers=1 << 30, tensors=10_000)


def parsed(text: bytes, bounds: Bounds = ANSWERS) -> Any:
    """JSON within bounds: strict (no NaN literals), shallow, with short ints and few values.

    Raises:
        TransportError: it is no such JSON.
    """
    # A JSON value costs up to 50 times its text in memory, so brackets are counted first.
    if text.count(b"[") + text.count(b"{") > 4 * bounds.items:
        raise TransportError(f"expected at most {bounds.items:,} values, found more brackets")
    try:
        return _decoder(bounds.digits).decode(str(text, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise TransportError(f"expected JSON, found {excerpt(text)}: {error}") from None


@cache
def _decoder(digits: int) -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_no_constant, parse_int=partial(_int, most=digits))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _int(digits: str, most: int) -> int:
    if len(digits) > most + 1:
        raise ValueError(f"an int of {len(digits)} digits, at most {most} are allowed")
    return int(digits)


def excerpt(found: object) -> str:
    """A claim in a few words, for messages."""
    # The repr of a large or deep claim costs more than it tells.
    if isinstance(found, list | dict):
        return f"a {type(found).__name__} of {len(found)}"
    text = repr(bytes(found[:40]) if isinstance(found, bytes) else found)
    return text if len(text) <= 100 else text[:99] + "…"
