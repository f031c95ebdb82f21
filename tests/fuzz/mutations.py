"""Real files with something changed: JSON by its structure, anything by its bytes."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 2**31, 2**63, -(2**63) - 1, 10**400),
    *(0.5, -0.0, 1e308, 5e-324, math.nan, math.inf, -math.inf),
    *("", " ", "\0", "\ud800", "\u202e", "\x1b[2J", "\r\n", "a" * 300, "é" * 5_000, "[" * 3_000),
    *("nan", "1e999", "-1", "../../x", "/etc/passwd", "<script>", "__proto__", "%s", "{}", "💥"),
    *([], {}, [[]], [None], {"": {}}, [0] * 300, [{}] * 30, {"a": [{"a": []}]}),
]
"""What stands where something else is expected."""

TOKENS = [
    *(b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\n", b'"', b"\\", b"\\u", b"\\ud800"),
    *(b"{", b"}", b"[", b"]", b"[" * 2_000, b'{"a":' * 1_500, b",", b":", b"NaN", b"-Infinity"),
    *(b"1e999", b"9" * 5_000, b"null", b"true", b"-0", b"\xc3", b"\x80", b"PK\x03\x04", b"<"),
    *(b"\x7f\xff\xff\xff", b"\xff" * 8, b"\0" * 8, b"\x01" + b"\0" * 7),
]
"""What parsers stumble over."""


class Changed:
    """Something with changes; shown by these alone, since a whole notebook tells nothing."""

    def __init__(self, value: Any, changes: list[str]) -> None:
        self.value, self.changes = value, changes

    def __repr__(self) -> str:
        return f"Changed({'; '.join(self.changes)})"


@st.composite
def json_like(draw: Draw, seeds: Sequence[str], most: int = 6) -> Changed:
    """One of some JSON texts, read, after one to ``most`` changes of its structure."""
    number = draw(st.integers(0, len(seeds) - 1))
    box = {"": json.loads(seeds[number])}
    changes = [_change(draw, box) for _ in range(draw(st.integers(1, most)))]
    return Changed(box[""], [f"of {number}", *changes])


@st.composite
def bytes_like(draw: Draw, seeds: Sequence[bytes], most: int = 6) -> Changed:
    """One of some files, after up to ``most`` changes of its bytes."""
    number = draw(st.integers(0, len(seeds) - 1))
    return damaged(draw, Changed(seeds[number], [f"of {number}"]), most)


@st.composite
def file_like(draw: Draw, seeds: Sequence[str], most: int = 6) -> Changed:
    """A JSON file: its structure is changed, sometimes its bytes as well, or instead."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(bytes_like([seed.encode() for seed in seeds], most))
    found = draw(json_like(seeds, most))
    return damaged(draw, Changed(as_text(found.value), found.changes), 2 if kind == 1 else 0)


def as_text(document: Any) -> bytes:
    """JSON as bytes, whatever texts it holds."""
    return json.dumps(document).encode()


def damaged(draw: Draw, found: Changed, most: int) -> Changed:
    """Bytes after up to ``most`` changes."""
    data, changes = found.value, found.changes
    for _ in range(draw(st.integers(0, most)) if most else 0):
        start = draw(st.integers(0, len(data)))
        end = min(start + draw(st.integers(0, 40)), len(data))
        change = draw(st.sampled_from(["cut", "break off", "insert", "replace", "double", "flip"]))
        new = b""
        if change in ("insert", "replace"):
            new = draw(st.sampled_from(TOKENS))
        elif change == "flip" and start < len(data):
            new, end = bytes([data[start] ^ (1 << draw(st.integers(0, 7)))]), start + 1
        elif change == "break off":
            end = len(data)
        elif change == "double":
            new = data[start:end] * 2
        end = start if change == "insert" else end
        data = data[:start] + new + data[end:]
        changes = [*changes, f"[{start}:{end}] = {new[:40]!r}"]
    return Changed(data, changes)


def _change(draw: Draw, box: dict[str, Any]) -> str:
    """Change one thing; say what."""
    holder, key, path = _place(draw, box)
    what = draw(st.sampled_from(["odd", "odd", "text", "remove", "double", "other", "wrap", "key"]))
    value = holder[key]
    if what == "text" and isinstance(value, str):
        holder[key] = _edited(draw, value)
    elif what == "remove" and holder is not box:
        del holder[key]
        return f"del {path}"
    elif what == "double" and isinstance(holder, list):
        holder.insert(draw(st.integers(0, len(holder))), copy.deepcopy(value))
    elif what == "other":
        other, where, from_ = _place(draw, box)
        if other is not box and holder is not box and not _within(holder, other[where]):
            holder[key] = copy.deepcopy(other[where])
            return f"{path} = {from_}"
    elif what == "wrap":
        holder[key] = draw(st.sampled_from([[value], {"a": value}, [value, value]]))
    elif what == "key" and isinstance(holder, dict) and holder is not box:
        new = draw(st.sampled_from([*holder, "", "x", "\ud800"]))
        holder[new] = holder.pop(key)
        return f"{path} is called {new!r}"
    else:
        holder[key] = copy.deepcopy(draw(st.sampled_from(ODD)))  # it may be changed in turn
    return f"{path} {what} {str(holder[key])[:60]!r}"


def _place(draw: Draw, box: dict[str, Any]) -> tuple[Any, Any, str]:
    """A place in a document: what holds it, under which key, and the way there."""
    holder, key, path = box, "", "."
    while isinstance(holder[key], list | dict) and holder[key]:
        if holder is not box and draw(st.integers(0, 5)) == 0:
            break
        holder = holder[key]
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        key = keys[draw(st.integers(0, len(keys) - 1))]
        path += f"/{key!r}"
    return holder, key, path


def _within(inner: Any, outer: Any) -> bool:
    """Whether a container is, or lies in, another: put into it, it would have no end."""
    if inner is outer:
        return True
    parts = outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ()
    return any(_within(inner, part) for part in parts)


def _edited(draw: Draw, text: str) -> str:
    start = draw(st.integers(0, len(text)))
    end = min(start + draw(st.integers(0, 40)), len(text))
    odd = draw(st.sampled_from([one for one in ODD if isinstance(one, str)]))
    return draw(
        st.sampled_from(
            [text[:start] + odd + text[end:], text[:start], text[start:], text[:end] + text[start:]]
        )
    )
