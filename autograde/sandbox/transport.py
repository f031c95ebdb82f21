"""Probes and answers as bytes: one JSON header, then safetensors buffers. No pickle anywhere.

A message is ``length (4 bytes, big-endian) · JSON header · safetensors``. What a student's process
sends is a claim: everything about it is checked against
:class:`~autograde.sandbox.bounds.Bounds` before anything is built from it, and whatever does not
fit raises :class:`~autograde.sandbox.bounds.TransportError`.

Plain values travel as themselves (None, bool, int, finite float, str, list). The rest is a JSON
object with one key that says what it is: ``{"float": "nan"}``, ``{"dict": [[key, value], …]}``,
``{"tensor": 0}``, ``{"foreign": [type, text]}``; in probes also ``{"tuple": […]}``,
``{"dtype": "float32"}``, ``{"leaf": 0}``, a tensor that requires its gradient, and
``{"handed_in": name}``, which is asked with the file's tensors in its place. What a student is
given lies in memory as its author laid it: ``{"tensor": [0, [1, 3]]}`` has strides. Answers come
back contiguous.
"""

from __future__ import annotations

import importlib
import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType
from typing import Any

import torch
from torch import Tensor

from autograde.sandbox import buffers
from autograde.sandbox.bounds import (
    ANSWERS,
    PROBES,
    Bounds,
    TransportError,
    excerpt,
    parsed,
)
from autograde.sandbox.buffers import DTYPES
from course.checks import kinds
from course.checks.layouts import LayoutError, laid_out
from course.checks.probes import Answer, Foreign, HandedIn, Probe

QUESTIONS = ("course.checks.", "course.labs.")  # whose modules' functions a probe can ask
KINDS = ("value", "raised", "not_attempted", "missing")
PROBE_KEYS = {"question", "uses", "args", "kwargs", "text", "watched"}
ANSWER_KEYS = {"kind", "value", "error", "printed", "cause", "warned", "calls"}
FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
LENGTH = struct.Struct("!I")
NAME = re.compile(r"[A-Za-z_][\w.]{0,200}:[A-Za-z_]\w*")

_encoded = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def encode_probe(probe: Probe, bounds: Bounds = PROBES) -> bytes:
    """A probe as bytes. They are kept with the probe: a class is asked the same many times.

    Raises:
        TransportError: its question is no module-level function of :data:`QUESTIONS`, or an
            argument is nothing that travels.
    """
    kept: bytes | None = probe.__dict__.get("_bytes")
    if kept is not None and bounds is PROBES:
        return kept
    writer = _Writer(bounds, rich=True)
    header = {
        "question": question_name(probe.question),
        "uses": writer.value(list(probe.uses)),
        "args": writer.value(list(probe.args)),
        "kwargs": writer.value(dict(probe.kwargs)),
        "text": writer.text(probe.text),
        "watched": writer.value(list(probe.watched)),
    }
    message = writer.message(header)
    if bounds is not PROBES:
        return message
    # Of two threads that wrote it, both get the one that is kept: a question is known by its bytes.
    shared: bytes = probe.__dict__.setdefault("_bytes", message)
    return shared


def decode_probe(message: bytes, bounds: Bounds = PROBES) -> Probe:
    """The probe that :func:`encode_probe` wrote."""
    header, reader = _opened(message, bounds, PROBE_KEYS, True)
    args, kwargs = reader.value(header["args"]), reader.value(header["kwargs"])
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise _unfit("a list of arguments and a dict of keywords", header)
    return Probe(
        resolve(header["question"]),
        reader.texts(header["uses"]),
        tuple(args),
        kwargs,
        reader.text(header["text"]),
        watched=reader.texts(header["watched"]),
    )


def encode_answer(answer: Answer, bounds: Bounds = ANSWERS) -> bytes:
    """An answer as bytes. Values that no judge compares become :class:`Foreign` first.

    Raises:
        TransportError: it is larger than ``bounds``; the message says by how much.
    """
    writer = _Writer(bounds, rich=False)
    header = {
        "kind": answer.kind,
        "value": writer.value(answer.value),
        "error": writer.text(answer.error),
        "printed": writer.text(answer.printed),
        "cause": writer.text(answer.cause),
        "warned": writer.text(answer.warned),
        "calls": writer.value([writer.text(name) for name in answer.calls]),
    }
    return writer.message(header)


def decode_answer(message: bytes, bounds: Bounds = ANSWERS) -> Answer:
    """The answer that a message claims.

    Raises:
        TransportError: the message is not one that :func:`encode_answer` writes within ``bounds``.
    """
    header, reader = _opened(message, bounds, ANSWER_KEYS, False)
    kind = header["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise _unfit(f"a kind among {', '.join(KINDS)}", kind)
    value, calls = reader.value(header["value"]), reader.texts(header["calls"])
    error, printed, cause, warned = (
        reader.text(header[key]) for key in ("error", "printed", "cause", "warned")
    )
    known = kinds.known(cause) if cause else ""
    return Answer(kind, value, error, printed, known, warned, calls)  # type: ignore[arg-type]


@cache
def question_name(question: Callable[..., Any]) -> str:
    """``module:name`` of a question, after making sure that the name leads back to it."""
    module = getattr(question, "__module__", None)
    name = f"{module}:{getattr(question, '__qualname__', type(question).__name__)}"
    if resolve(name) is not question:
        raise TransportError(f"the question {name} is shadowed by another function of that name")
    return name


def resolve(name: object) -> Callable[..., Any]:
    """The module-level function of :data:`QUESTIONS` that ``module:name`` names."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _unfit("a module-level function as 'module:name'", name)
    return _question(name)


@cache
def _question(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    if not module.startswith(QUESTIONS):
        homes = " or ".join(home.rstrip(".") for home in QUESTIONS)
        raise TransportError(f"a question must be defined in {homes}, found {name}")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise TransportError(f"there is no question {name}: {error}") from None
    if not isinstance(found, FunctionType) or found.__module__ != module:
        raise TransportError(f"{name} is no function that {module} defines")
    return found


@dataclass
class _Writer:
    """Turns values into JSON, and collects their tensors."""

    bounds: Bounds
    rich: bool  # whether tuples, dtypes and leaf tensors travel too
    tensors: list[Tensor] = field(default_factory=list)
    size: int = 0
    items: int = 0

    def value(self, value: Any, depth: int = 0) -> Any:
        self.items += 1
        if self.items > self.bounds.items:
            raise TransportError(f"more than {self.bounds.items:,} values in one message")
        if depth > self.bounds.depth:
            raise TransportError(f"lists or dicts nested more than {self.bounds.depth} deep")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int):
            return self._int(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"float": str(float(value))}
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, Foreign):
            return {"foreign": [self.text(value.type_name), self.text(value.text)]}
        return self._container(value, depth + 1)

    def text(self, text: str) -> str:
        if len(text) > self.bounds.text:
            raise TransportError(
                f"a text of {len(text):,} characters; at most {self.bounds.text:,} travel"
            )
        return _printable(str(text))

    def message(self, header: dict[str, Any]) -> bytes:
        text = _encoded(header).encode()
        if len(text) > self.bounds.header:
            raise TransportError(
                f"values of {len(text):,} bytes; at most {self.bounds.header:,} travel"
            )
        return LENGTH.pack(len(text)) + text + buffers.packed(self.tensors)

    def _int(self, value: int) -> int:
        if abs(value) >= 10**self.bounds.digits:
            raise TransportError(f"an int of more than {self.bounds.digits} digits")
        return int(value)

    def _tensor(self, tensor: Tensor) -> Any:
        refusal = buffers.refusal(tensor, self.bounds)
        if refusal:
            return self._foreign("Tensor", refusal)
        self.size += tensor.numel() * tensor.element_size()
        if self.size > self.bounds.buffers:
            raise TransportError(
                f"tensors of {self.size:,} bytes; at most {self.bounds.buffers:,} travel"
            )
        if len(self.tensors) == self.bounds.tensors:
            raise TransportError(f"more than {self.bounds.tensors:,} tensors in one message")
        index = len(self.tensors)
        plain = tensor.detach().cpu().as_subclass(Tensor).resolve_neg()
        self.tensors.append(plain.contiguous())
        leaf = self.rich and tensor.requires_grad and tensor.is_leaf
        spread = self.rich and not plain.is_contiguous()
        return {"leaf" if leaf else "tensor": [index, list(plain.stride())] if spread else index}

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return {"dict": [[self.text(k), self.value(v, depth)] for k, v in value.items()]}
        if isinstance(value, list):
            return [self.value(item, depth) for item in value]
        if self.rich and isinstance(value, tuple):
            return {"tuple": [self.value(item, depth) for item in value]}
        if self.rich and isinstance(value, torch.dtype) and value in DTYPES.values():
            return {"dtype": str(value).removeprefix("torch.")}
        if self.rich and isinstance(value, HandedIn):
            return {"handed_in": self.text(value.name)}
        return self._foreign(type(value).__name__, repr(value)[:120])

    def _foreign(self, type_name: str, text: str) -> Any:
        if self.rich:
            raise TransportError(f"a probe can't carry this {type_name}: {text}")
        return {"foreign": [self.text(type_name), self.text(text)]}


@dataclass
class _Reader:
    """Turns JSON back into values. A tensor of an answer is named once: it costs a judge as often
    as it is there.
    """

    bounds: Bounds
    rich: bool
    tensors: list[Tensor]
    items: int = 0
    spread: int = 0  # bytes of tensors that are not contiguous
    named: set[int] = field(default_factory=set)

    def value(self, found: Any, depth: int = 0) -> Any:
        self.items += 1
        if self.items > self.bounds.items:
            raise TransportError(f"expected at most {self.bounds.items:,} values, found more")
        if depth > self.bounds.depth:
            raise TransportError(f"expected nesting of at most {self.bounds.depth}, found more")
        if found is None or isinstance(found, bool | int | float):
            return found
        if isinstance(found, str):
            return self.text(found)
        if isinstance(found, list):
            return [self.value(item, depth + 1) for item in found]
        if len(found) != 1:
            raise _unfit("an object with one key", found)
        ((kind, content),) = found.items()
        return self._tagged(kind, content, depth + 1)

    def text(self, found: Any) -> str:
        if not isinstance(found, str) or len(found) > self.bounds.text:
            raise _unfit(f"a text of at most {self.bounds.text:,} characters", found)
        return _printable(found)

    def texts(self, found: Any) -> tuple[str, ...]:
        if not isinstance(found, list) or len(found) > self.bounds.items:
            raise _unfit("a list of texts", found)
        return tuple(map(self.text, found))

    def _tagged(self, kind: str, content: Any, depth: int) -> Any:
        if kind == "dict":
            return self._dict(content, depth)
        if kind == "float" and isinstance(content, str) and content in FLOATS:
            return FLOATS[content]
        if kind == "tensor":
            return self._tensor(content)
        if kind == "foreign" and isinstance(content, list) and len(content) == 2:
            return Foreign(self.text(content[0]), self.text(content[1]))
        if self.rich and kind == "tuple" and isinstance(content, list):
            return tuple(self.value(item, depth) for item in content)
        if self.rich and kind == "dtype" and isinstance(content, str) and content in _DTYPE_NAMES:
            return _DTYPE_NAMES[content]
        if self.rich and kind == "leaf":
            return self._leaf(content)
        if self.rich and kind == "handed_in":
            return HandedIn(self.text(content))
        raise _unfit("a value", {kind: content})

    def _leaf(self, content: Any) -> Tensor:
        found = self._tensor(content)
        if not found.is_floating_point():
            raise _unfit("numbers that can have a gradient", str(found.dtype))
        return found.requires_grad_()

    def _dict(self, content: Any, depth: int) -> dict[str, Any]:
        if not isinstance(content, list):
            raise _unfit("a list of pairs", content)
        result: dict[str, Any] = {}
        for pair in content:
            if not isinstance(pair, list) or len(pair) != 2:
                raise _unfit("a pair of key and value", pair)
            result[self.text(pair[0])] = self.value(pair[1], depth)
        return result

    def _tensor(self, content: Any) -> Tensor:
        if self.rich and isinstance(content, list) and len(content) == 2:
            return self._spread(*content)
        if type(content) is not int or not 0 <= content < len(self.tensors):
            raise _unfit(f"the number of one of {len(self.tensors)} tensors", content)
        if not self.rich and content in self.named:
            raise _unfit("each tensor once", content)
        self.named.add(content)
        return self.tensors[content]

    def _spread(self, index: Any, strides: Any) -> Tensor:
        """A tensor with strides of its own; all such together are bounded."""
        if not isinstance(strides, list):
            raise _unfit("a list of strides", strides)
        try:
            found = laid_out(self._tensor(index), strides, self.bounds.buffers - self.spread)
        except LayoutError as error:
            raise _unfit("strides that fit", str(error)) from None
        self.spread += found.untyped_storage().nbytes()
        return found


_DTYPE_NAMES = {str(dtype).removeprefix("torch."): dtype for dtype in DTYPES.values()}


def _opened(
    message: bytes, bounds: Bounds, keys: set[str], rich: bool
) -> tuple[dict[str, Any], _Reader]:
    if len(message) < LENGTH.size:
        raise TransportError(f"expected a message, found {len(message)} bytes")
    (length,) = LENGTH.unpack_from(message)
    end = LENGTH.size + length
    if length > bounds.header or end > len(message):
        raise TransportError(
            f"expected a header of at most {min(bounds.header, len(message) - LENGTH.size):,} "
            f"bytes, found a length of {length:,}"
        )
    header = parsed(message[LENGTH.size : end], bounds)
    if not isinstance(header, dict) or set(header) != keys:
        raise _unfit(f"an object with the keys {', '.join(sorted(keys))}", header)
    return header, _Reader(bounds, rich, buffers.unpacked(message[end:], bounds))


def _printable(text: str) -> str:
    # Lone surrogates can be neither printed nor stored; they come from careless decoding.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _unfit(expected: str, found: object) -> TransportError:
    return TransportError(f"expected {expected}, found {excerpt(found)}")
