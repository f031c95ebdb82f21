"""Probes and answers as bytes: what goes in comes out, and garbage never gets further."""

from __future__ import annotations

import json
import math
import pickle
import struct
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from autograde.sandbox import transport
from autograde.sandbox.transport import (
    LENGTH,
    Bounds,
    TransportError,
    decode_answer,
    decode_probe,
    encode_answer,
    encode_probe,
)
from course.checks import Answer, Probe, call, gradient
from course.checks.probes import Foreign, HandedIn, gradient_of

DTYPES = list(transport.DTYPES.values())


def same(a: Any, b: Any) -> bool:
    """Equal in type and value, with nan equal to nan and -0.0 apart from 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return (
            a.dtype == b.dtype
            and a.shape == b.shape
            and a.requires_grad == b.requires_grad
            and torch.equal(bits(a), bits(b))
        )
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


def bits(tensor: Tensor) -> Tensor:
    flat = tensor.detach().contiguous().reshape(-1)
    return flat if flat.dtype == torch.bool else flat.view(torch.uint8)


shapes = st.lists(st.integers(0, 4), max_size=4)
tensors = st.builds(
    lambda shape, dtype, seed: (
        torch.randn(shape, generator=torch.Generator().manual_seed(seed)).mul(50).to(dtype)
    ),
    shapes,
    st.sampled_from(DTYPES),
    st.integers(0, 99),
)
scalars = st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | st.text()
foreign = st.builds(Foreign, st.text(max_size=20), st.text(max_size=50))
values = st.recursive(
    scalars | tensors | foreign,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# What is only ever sent to students' processes, never taken from them.
arguments = st.recursive(
    scalars | tensors | st.sampled_from(DTYPES) | st.builds(HandedIn, st.text(max_size=9)),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=8,
)


@given(values, st.sampled_from(transport.KINDS), st.text(), st.text())
def test_an_answer_comes_back_as_it_went(value: Any, kind: Any, error: str, printed: str) -> None:
    answer = Answer(kind, value, error, printed)
    found = decode_answer(encode_answer(answer))
    assert (found.kind, found.error, found.printed) == (kind, error, printed)
    assert same(found.value, value)


@given(st.lists(arguments, max_size=3), st.dictionaries(st.text(), arguments, max_size=2))
def test_a_probe_comes_back_as_it_went(args: list[Any], kwargs: dict[str, Any]) -> None:
    probe = Probe(gradient_of, ("f", "g"), tuple(args), kwargs, "gradient of f")
    found = decode_probe(encode_probe(probe))
    assert found.question is gradient_of
    assert (found.uses, found.text) == (probe.uses, probe.text)
    assert same(found.args, probe.args)
    assert same(found.kwargs, probe.kwargs)


def test_a_decoded_probe_asks_the_same_question() -> None:
    probe = gradient("f", torch.tensor([1.0, 2.0]), alpha=3)
    student = {"f": lambda x, alpha: alpha * x**2}
    there = decode_probe(encode_probe(probe)).run(student)
    assert torch.equal(there.value, probe.run(student).value)
    assert torch.equal(there.value, torch.tensor([6.0, 12.0]))


def test_a_leaf_that_requires_its_gradient_still_does() -> None:
    leaf = torch.ones(2, requires_grad=True)
    (found,) = decode_probe(encode_probe(call("f", leaf))).args
    assert found.requires_grad
    assert found.is_leaf


def test_tensors_that_share_memory_travel() -> None:
    weight = torch.arange(6.0).reshape(2, 3)
    found = decode_answer(encode_answer(Answer("value", [weight, weight.T, weight[0]]))).value
    assert same(found, [weight, weight.T, weight[0]])


@pytest.mark.parametrize(
    "odd",
    [
        torch.zeros(2, dtype=torch.complex128),
        torch.eye(2).to_sparse(),
        torch.zeros(2, device="meta"),
        torch.zeros([1] * 20),
        {1: "a key that is no text"},
        object,
    ],
    ids=["complex", "sparse", "meta", "deep", "keys", "type"],
)
def test_what_no_check_compares_becomes_foreign(odd: object) -> None:
    (found,) = decode_answer(encode_answer(Answer("value", [odd]))).value
    assert isinstance(found, Foreign)


def test_text_that_cannot_be_stored_is_mended() -> None:
    answer = decode_answer(encode_answer(Answer("value", "a\ud800b")))
    assert answer.value == "a?b"


@pytest.mark.parametrize(
    "value",
    [
        10**400,
        "x" * 200_000,
        [0] * 60_000,
        [torch.zeros(1)] * 3_000,
        torch.zeros(20 << 20),
    ],
    ids=["digits", "text", "items", "tensors", "bytes"],
)
def test_what_is_too_large_does_not_leave(value: object) -> None:
    with pytest.raises(TransportError, match=r"more than|at most"):
        encode_answer(Answer("value", value))


def test_nesting_without_end_does_not_leave() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TransportError, match="nested"):
        encode_answer(Answer("value", endless))


def test_a_probe_carries_only_what_travels() -> None:
    with pytest.raises(TransportError, match="can't carry this object"):
        encode_probe(call("f", object()))


def outsider(function: Any) -> None:
    """Not of the course."""


@pytest.mark.parametrize(
    "question",
    [outsider, print, pickle.loads, lambda f: f, Probe.run, "".join],
    ids=["test", "builtin", "pickle", "lambda", "method", "bound"],
)
def test_a_question_is_a_module_level_function_of_the_course(question: Any) -> None:
    with pytest.raises(TransportError):
        encode_probe(Probe(question, ("f",)))


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "builtins:eval",
        "course.checks.probes:torch",
        "course.checks.probes:Probe",
        "course.checks.probes:Probe.run",
        "course.checks.probes:dataclass",
        "course.checks.cases:close",
        "course.checksum:x",
        "course.checks.nowhere:x",
        "course.checks..probes:x",
        "course.checks.probes",
        "",
        None,
        7,
        ["course.checks.probes", "gradient_of"],
    ],
)
def test_no_other_name_is_resolved(name: object) -> None:
    with pytest.raises(TransportError):
        transport.resolve(name)


def claim(header: object, tensors: dict[str, Tensor] | bytes = b"") -> bytes:
    """A message as a student's process could make it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    buffers = tensors if isinstance(tensors, bytes) else safetensors.torch.save(tensors)
    return LENGTH.pack(len(text)) + text + buffers


def value_claim(value: object, tensors: dict[str, Tensor] | bytes | None = None) -> bytes:
    header = {"kind": "value", "value": value, "error": "", "printed": ""}
    return claim(header, safetensors.torch.save({}) if tensors is None else tensors)


def buffers(header: dict[str, Any], data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def one(dtype: str, shape: list[int], data: bytes) -> bytes:
    return buffers({"0": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}, data)


def test_a_claim_of_the_right_shape_is_read() -> None:
    found = decode_answer(value_claim([1, {"tensor": 0}], one("F32", [1], b"\0\0\x80?")))
    assert same(found.value, [1, torch.ones(1)])


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\0",
        b"\xff" * 64,
        pickle.dumps({"kind": "value"}),
        LENGTH.pack(1 << 31) + b"{}",
        claim(b"[" * 100_000),
        claim(b"[" * 900),
        claim([]),
        claim({"kind": "value"}),
        claim({"kind": "graded", "value": 1, "error": "", "printed": ""}, {}),
        claim({"kind": ["value"], "value": 1, "error": "", "printed": ""}, {}),
        claim({"kind": "value", "value": 1, "error": None, "printed": ""}, {}),
        claim({"kind": "value", "value": 1, "error": "", "printed": "x" * 200_000}, {}),
        claim(b'{"kind":"value","value":NaN,"error":"","printed":""}', {}),
        claim(b'{"kind":"value","value":%s,"error":"","printed":""}' % (b"9" * 900), {}),
        claim(b'{"kind":"value","value":%s,"error":"","printed":""}' % (b"9" * 9000), {}),
        value_claim([0] * 60_000),
        value_claim({"pickle": "x"}),
        value_claim({"tuple": [1]}),
        value_claim({"dtype": "float32"}),
        value_claim({"leaf": 0}, {"0": torch.zeros(1)}),
        value_claim({}),
        value_claim({"float": "1e999"}),
        value_claim({"float": 1}),
        value_claim({"dict": {"a": 1}}),
        value_claim({"dict": [["a"]]}),
        value_claim({"dict": [[1, 2]]}),
        value_claim({"foreign": ["A"]}),
        value_claim({"foreign": [1, 2]}),
        value_claim({"tensor": 0}),
        value_claim({"tensor": -1}, {"0": torch.zeros(1)}),
        value_claim({"tensor": True}, {"0": torch.zeros(1), "1": torch.zeros(1)}),
        value_claim({"tensor": "0"}, {"0": torch.zeros(1)}),
        value_claim(1, {"first": torch.zeros(1)}),
        value_claim(1, b""),
        value_claim(1, b"\xff" * 8),
        value_claim(1, b"\xff" * 100),
        value_claim(1, one("F32", [1 << 40], b"\0\0\0\0")),
        value_claim(1, one("F32", [-1], b"\0\0\0\0")),
        value_claim(1, one("F32", [0, 1 << 62], b"")),
        value_claim(1, one("F32", [0] * 40, b"")),
        value_claim(1, one("F8_E4M3", [4], b"\0\0\0\0")),
        value_claim(1, one("C64", [1], bytes(8))),
        value_claim(1, one("OBJECT", [4], b"\0\0\0\0")),
        value_claim(1, one("BOOL", [1], b"\x02")),
    ],
)
def test_a_misshapen_claim_is_refused(message: bytes) -> None:
    with pytest.raises(TransportError):
        decode_answer(message)


def test_tensors_are_bounded_before_they_are_made() -> None:
    message = encode_answer(Answer("value", torch.zeros(1000)))
    with pytest.raises(TransportError, match="at most 1,000 bytes"):
        decode_answer(message, Bounds(header=200, buffers=1000))


@given(st.binary(max_size=300))
def test_garbage_is_refused(message: bytes) -> None:
    with pytest.raises(TransportError):
        decode_answer(message)


def is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(type(key) is str for key in value) and all(map(is_plain, value.values()))
    return type(value) in (type(None), bool, int, float, str, Tensor, Foreign)


@settings(max_examples=300)
@given(values, st.data())
def test_a_damaged_answer_is_refused_or_plain(value: Any, data: st.DataObject) -> None:
    message = bytearray(encode_answer(Answer("value", value)))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_answer(bytes(message))
    except TransportError:
        return
    assert found.kind in transport.KINDS
    assert is_plain(found.value)
