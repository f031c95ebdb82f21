"""Visible checks as data: ``checks.json.gz`` of a lab, written by ``autograde build``.

It holds questions by name, inputs, what is expected, and fingerprints of what known mistakes
answer. Nothing in it can be handed in, since it answers only the inputs that it lists.

It is compressed: small, and hints are not read before they are needed. ``zcat`` shows it.

Plain values stand as themselves (None, bool, int, finite float, str, list). The rest is an object
with one key that says what it is, see :func:`encoded`.
"""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from importlib import resources
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course.checks import inputs, layouts
from course.checks.cases import Case, Known, Prepared
from course.checks.judges import Close, Judge
from course.checks.kinds import Hint, Kind
from course.checks.probes import HandedIn, Probe
from course.checks.sketches import DIGITS, SEALED, Fingerprint, Sketch

FILE = "checks.json.gz"
HOMES = ("course.checks.", "course.labs.")  # the only modules whose functions a check can name
LISTED = 6  # elements of a tensor that a reader of the file still takes in
LARGEST = 4096  # elements of a tensor that is stored number by number


class StoredError(Exception):
    """A stored check can't be read or written; the message names the value."""


def read(lab: str) -> dict[str, Any]:
    """The stored checks of a lab, by its name.

    Raises:
        StoredError: there are none.
    """
    path = resources.files(f"course.labs.{lab}") / FILE
    if not path.is_file():
        raise StoredError(f"{path} is missing: the lab's checks are not built")
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found


def cases(check: Mapping[str, Any]) -> Iterator[Prepared]:
    """The cases of a stored check, ready to be put."""
    hints, mistakes = check["hints"], list(check["mistakes"].items())
    for one in _unshared(check["cases"], check["shared"]):
        yield _prepared(one, _hint(one.get("hint"), hints), mistakes)


def _hint(found: int | Mapping[Kind, int] | None, hints: Sequence[str]) -> Hint:
    if isinstance(found, Mapping):
        return {kind: hints[number] for kind, number in found.items()}
    return "" if found is None else hints[found]


def shared(cases: list[dict[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
    """The same cases with each large tensor once: a table of them, and names in their places."""
    table: dict[str, Any] = {}

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return [put(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "bytes" in value.get("tensor", ()):
            known = (name for name, one in table.items() if one == value)
            name = next(known, f"tensor {len(table) + 1}")
            table[name] = value
            return {"shared": name}
        return {key: put(item) for key, item in value.items()}

    return [put(case) for case in cases], table


def _unshared(value: Any, table: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_unshared(item, table) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"shared"}:
        return table[value["shared"]]
    return {key: _unshared(item, table) for key, item in value.items()}


def case(prepared: Prepared) -> dict[str, Any]:
    """A case as it is stored; :func:`cases` reads it back."""
    one = prepared.case
    return {
        "title": one.title,
        "hint": one.hint if isinstance(one.hint, str) else dict(one.hint),
        "weight": one.weight,
        "judge": encoded(one.judge),
        "probe": _encoded_probe(one.probe),
        "expected": encoded(prepared.expected),
        "known": {known.name: packed(known.fingerprint) for known in prepared.known},
    }


def _prepared(
    found: Mapping[str, Any], hint: Hint, mistakes: Sequence[tuple[str, str]]
) -> Prepared:
    one = Case(
        found["title"],
        _decoded_probe(found["probe"]),
        hint,
        decoded(found["judge"]),
        weight=found.get("weight", 1.0),
    )

    def know() -> Iterator[Known]:
        for number, text in found.get("known", {}).items():
            name, its_hint = mistakes[int(number)]
            yield Known(name, its_hint, unpacked(text))

    return Prepared(one, lambda: decoded(found["expected"]), know)


def packed(fingerprint: Fingerprint) -> str:
    """A fingerprint as text: its structure's digest, then its sums in base64."""
    if fingerprint.sealed_already:
        return fingerprint.structure
    sums = base64.b64encode(struct.pack("<2d", *fingerprint.sums)).decode()
    return fingerprint.structure + sums.rstrip("=")


def unpacked(text: str) -> Fingerprint:
    """The fingerprint that :func:`packed` wrote."""
    if text.startswith(SEALED):
        return Fingerprint(text, (0.0, 0.0))
    first, second = struct.unpack("<2d", base64.b64decode(text[DIGITS:] + "=="))
    return Fingerprint(text[:DIGITS], (first, second))


def _encoded_probe(probe: Probe) -> dict[str, Any]:
    found = {
        "question": named(probe.question),
        "uses": list(probe.uses),
        "args": [encoded(arg) for arg in probe.args],
        "kwargs": {key: encoded(arg) for key, arg in probe.kwargs.items()},
        "text": probe.text,
        "seconds": probe.seconds,
        "argument": probe.argument,
        "then": _encoded_probe(probe.then) if probe.then else None,
    }
    return {key: value for key, value in found.items() if value or key == "question"}


def _decoded_probe(found: Mapping[str, Any]) -> Probe:
    return Probe(
        resolved(found["question"]),
        tuple(found.get("uses", ())),
        tuple(decoded(arg) for arg in found.get("args", ())),
        {key: decoded(arg) for key, arg in found.get("kwargs", {}).items()},
        found.get("text", ""),
        found.get("seconds", 0.0),
        argument=found.get("argument", ""),
        then=_decoded_probe(found["then"]) if "then" in found else None,
    )


def named(thing: Callable[..., Any]) -> str:
    """``module:name`` of a function or class of :data:`HOMES`, which leads back to it.

    Raises:
        StoredError: it does not.
    """
    name = f"{thing.__module__}:{thing.__qualname__}"
    if resolved(name) is not thing:
        raise StoredError(f"{name} is shadowed by another object of that name")
    return name


def resolved(name: str) -> Any:
    """The function or class that ``module:name`` names.

    Raises:
        StoredError: there is none, or it is not at the top of a module of :data:`HOMES`.
    """
    module, _, thing = name.partition(":")
    if not module.startswith(HOMES) or not thing.isidentifier():
        homes = " or ".join(home.rstrip(".") for home in HOMES)
        raise StoredError(f"expected a function at the top of a module of {homes}, found {name}")
    try:
        found = getattr(importlib.import_module(module), thing)
    except (ImportError, AttributeError) as error:
        raise StoredError(f"there is no {name}: {error}") from None
    if getattr(found, "__module__", module) != module:
        raise StoredError(f"{module} does not define {thing}")
    return found


def encoded(value: Any) -> Any:
    """A value as JSON has it.

    Raises:
        StoredError: it is of a type that can't be stored, or a large tensor that was not drawn by
            :mod:`course.checks.inputs`.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [encoded(item) for item in value]}
    if isinstance(value, Mapping):
        return {"dict": [[key, encoded(item)] for key, item in value.items()]}
    if isinstance(value, Tensor):
        return _encoded_tensor(value)
    if isinstance(value, Sketch):
        return {"sketch": {one.name: _plain(getattr(value, one.name)) for one in fields(value)}}
    if isinstance(value, torch.dtype):
        return {"dtype": _plain(value)}
    if isinstance(value, HandedIn):
        return {"handed_in": value.name}
    if isinstance(value, Close):
        return {"close": [value.rtol, value.atol, value.dtype]}
    if hasattr(value, "__dataclass_fields__"):
        settings = {one.name: encoded(getattr(value, one.name)) for one in fields(value)}
        return {"made": [named(type(value)), settings]}
    if callable(value):
        return {"function": named(value)}
    raise StoredError(f"a check can't store this {type(value).__name__}: {str(value)[:80]}")


def decoded(found: Any) -> Any:
    """The value that :func:`encoded` wrote."""
    if isinstance(found, list):
        return [decoded(item) for item in found]
    if not isinstance(found, Mapping):
        return found
    ((kind, content),) = found.items()
    if kind not in _DECODERS:
        raise StoredError(f"a stored check holds an unknown kind of value, {kind!r}")
    return _DECODERS[kind](content)


def _encoded_tensor(tensor: Tensor) -> dict[str, Any]:
    recipe = inputs.recipe_of(tensor)
    if recipe and torch.equal(inputs.made(recipe), tensor):  # else it was written to since
        return {"drawn": [recipe.name, dict(recipe.arguments)]}
    if tensor.numel() > LARGEST:
        raise StoredError(
            f"a tensor of {tensor.numel():,} numbers is too large to be stored one by one: draw "
            "it with a function of course.checks.inputs, and compute with it in the question"
        )
    plain = tensor.detach().cpu()
    facts: dict[str, Any] = {"shape": list(plain.shape), "dtype": _plain(plain.dtype)}
    if tensor.requires_grad:
        facts["leaf"] = True
    if not plain.is_contiguous():
        facts["strides"] = list(plain.stride())
    if plain.numel() <= LISTED and not plain.is_complex() and bool(plain.isfinite().all()):
        return {"tensor": {**facts, "values": plain.flatten().tolist()}}
    array = plain.contiguous().view(_in_numpy(plain.dtype)).flatten().numpy()
    little = array.astype(array.dtype.newbyteorder("<"))
    packed = zlib.compress(little.tobytes(), 9)
    return {"tensor": {**facts, "bytes": base64.b64encode(packed).decode()}}


def _decoded_tensor(facts: Mapping[str, Any]) -> Tensor:
    dtype = _dtype(facts["dtype"])
    if "values" in facts:
        tensor = torch.tensor(facts["values"], dtype=dtype).reshape(facts["shape"])
    else:
        like = torch.zeros(0, dtype=_in_numpy(dtype)).numpy().dtype.newbyteorder("<")
        array = np.frombuffer(zlib.decompress(base64.b64decode(facts["bytes"])), like)
        flat = torch.from_numpy(array.astype(like.newbyteorder("="))).view(dtype)
        tensor = flat.reshape(facts["shape"])
    if "strides" in facts:
        tensor = layouts.laid_out(tensor, facts["strides"])
    return tensor.requires_grad_(bool(facts.get("leaf")))


def _in_numpy(dtype: torch.dtype) -> torch.dtype:
    """One that NumPy has, with as many bits: it knows no bfloat16."""
    return torch.int16 if dtype is torch.bfloat16 else dtype


def _decoded_sketch(facts: Mapping[str, Any]) -> Sketch:
    return Sketch(
        tuple(facts["shape"]),
        _dtype(facts["dtype"]),
        tuple(facts["values"]),
        tuple(facts["sums"]),
        facts["size"],
    )


def _decoded_object(found: tuple[str, Mapping[str, Any]]) -> Judge:
    name, settings = found
    made: Judge = resolved(name)(**{key: decoded(value) for key, value in settings.items()})
    return made


def _plain(value: Any) -> Any:
    """A field of a sketch: dtypes by name, tuples as lists."""
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    return list(value) if isinstance(value, tuple) else value


def _dtype(name: str) -> torch.dtype:
    found: torch.dtype = getattr(torch, name)
    return found


_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "float": float,
    "tuple": lambda items: tuple(decoded(item) for item in items),
    "dict": lambda pairs: {key: decoded(item) for key, item in pairs},
    "tensor": _decoded_tensor,
    "drawn": lambda found: inputs.made(inputs.Recipe(*found)),
    "sketch": _decoded_sketch,
    "dtype": _dtype,
    "handed_in": HandedIn,
    "close": lambda settings: Close(*settings),
    "made": _decoded_object,
    "function": resolved,
}
