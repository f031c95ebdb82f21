"""Probes and answers as bytes: what goes in comes out, and garbage never gets further."""

from __future__ import annotations

import json
import math
import pickle
import struct
from dataclasses import replace
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import example, given, settings
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
from course.checks import Answer, Probe, call, gradient, kinds, layouts
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
    flat = tensor.detach().flatten().clone(memory_format=torch.contiguous_format)
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


heard = st.lists(st.sampled_from(["conv2d", "relu"]), max_size=3).map(tuple)


@given(
    values,
    st.sampled_from(transport.KINDS),
    st.sampled_from(["", *kinds.KINDS]),
    st.text(),
    st.text(),
    heard,
)
def test_an_answer_comes_back_as_it_went(
    value: Any, kind: Any, cause: Any, error: str, printed: str, calls: tuple[str, ...]
) -> None:
    answer = Answer(kind, None, error, printed, cause, warned=error, calls=calls)
    found = decode_answer(encode_answer(replace(answer, value=value)))
    assert same(found.value, value)
    assert replace(found, value=None) == answer


def test_an_unknown_cause_is_none_of_ours() -> None:
    sent = Answer("raised", error="x", cause="forged")  # type: ignore[arg-type]
    assert decode_answer(encode_answer(sent)).cause == "raised"


@given(st.lists(arguments, max_size=3), st.dictionaries(st.text(), arguments, max_size=2))
def test_a_probe_comes_back_as_it_went(args: list[Any], kwargs: dict[str, Any]) -> None:
    probe = Probe(
        gradient_of, ("f", "g"), tuple(args), kwargs, "gradient of f", watched=("conv2d", "mm")
    )
    found = decode_probe(encode_probe(probe))
    assert found.question is gradient_of
    assert (found.uses, found.text) == (probe.uses, probe.text)
    assert found.watched == ("conv2d", "mm")
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


def answer_of(**fields: object) -> dict[str, object]:
    texts = dict.fromkeys(["error", "printed", "cause", "warned"], "")
    return {"kind": "value", "value": 1, "calls": [], **texts, **fields}


def header_of(message: bytes) -> Any:
    (length,) = LENGTH.unpack_from(message)
    return json.loads(message[LENGTH.size :][:length])


def value_claim(value: object, tensors: dict[str, Tensor] | bytes | None = None) -> bytes:
    header = answer_of(value=value)
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
        claim({"kind": "value", "value": 1, "error": "", "printed": ""}, {}),
        claim(answer_of(kind="graded"), {}),
        claim(answer_of(kind=["value"]), {}),
        claim(answer_of(error=None), {}),
        claim(answer_of(cause=None), {}),
        claim(answer_of(warned=["a"]), {}),
        claim(answer_of(calls="conv2d"), {}),
        claim(answer_of(calls=[1]), {}),
        claim(answer_of(calls=["a"] * 60_000), {}),
        claim(answer_of(printed="x" * 200_000), {}),
        claim(json.dumps(answer_of()).replace("1", "NaN", 1).encode(), {}),
        claim(json.dumps(answer_of()).replace("1", "9" * 900, 1).encode(), {}),
        claim(json.dumps(answer_of()).replace("1", "9" * 9000, 1).encode(), {}),
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
        value_claim({"tensor": [0, [1]]}, {"0": torch.zeros(1)}),
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


@pytest.mark.parametrize("value", [{"dtype": []}, {"dtype": {}}, {"dtype": "other"}, {"leaf": 0}])
def test_a_misshapen_question_is_refused(value: Any) -> None:
    """No type has a list for its name, and whole numbers have no gradient."""
    whole = encode_probe(call("f", torch.zeros(1, dtype=torch.long)))
    (size,) = LENGTH.unpack_from(whole)
    header = json.loads(whole[LENGTH.size : LENGTH.size + size])
    header["args"] = [value]
    text = json.dumps(header).encode()
    with pytest.raises(TransportError):
        decode_probe(LENGTH.pack(len(text)) + text + whole[LENGTH.size + size :])


def test_tensors_are_bounded_before_they_are_made() -> None:
    message = encode_answer(Answer("value", torch.zeros(1000)))
    with pytest.raises(TransportError, match="at most 1,000 bytes"):
        decode_answer(message, Bounds(header=200, buffers=1000))


def test_a_refusal_is_short_and_can_be_shown() -> None:
    """What a claim holds is quoted in a few words."""
    text = json.dumps("\x1b[2J" + "a" * 500_000, ensure_ascii=False).encode()
    with pytest.raises(TransportError) as found:
        decode_answer(value_claim(1, struct.pack("<Q", len(text)) + text))
    assert len(str(found.value)) < 300
    assert str(found.value).isprintable()


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


# How what a student is given lies in memory ---------------------------------------------------


def given_away(*args: Any) -> tuple[Any, ...]:
    return decode_probe(encode_probe(call("f", *args))).args


@st.composite
def laid_out_somehow(draw: st.DrawFn) -> Tensor:
    """Permuted, sliced with steps, and expanded, in any dtype; some of them empty."""
    tensor = draw(tensors)
    if tensor.ndim:
        tensor = tensor.permute(draw(st.permutations(range(tensor.ndim))))
    for axis in range(tensor.ndim):
        start, step = draw(st.integers(0, 2)), draw(st.integers(1, 3))
        tensor = tensor[(slice(None),) * axis + (slice(start, None, step),)]
    for axis, size in enumerate(tensor.shape):
        if size == 1 and draw(st.booleans()):
            tensor = tensor.expand(*tensor.shape[:axis], 3, *tensor.shape[axis + 1 :])
    return tensor


@given(laid_out_somehow())
def test_what_a_student_is_given_lies_in_memory_as_it_was_laid(tensor: Tensor) -> None:
    (found,) = given_away(tensor)
    assert same(found, tensor)
    assert found.is_contiguous() == tensor.is_contiguous()
    assert tensor.is_contiguous() or found.stride() == tensor.stride()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.transpose(0, 2),
        lambda x: x[:, ::2],
        lambda x: x[:, :1].expand(-1, 5, -1),
        lambda x: x[0, 0].expand(3, 2),
        lambda x: x.unfold(1, 3, 1),
        lambda x: x.permute(1, 2, 0)[::3, 1:],
        lambda x: x[:0].mT,
    ],
)
def test_every_layout_keeps_its_dtype_and_values(change: Any, dtype: torch.dtype) -> None:
    tensor = change(torch.arange(48).reshape(4, 6, 2).to(dtype))
    (found,) = given_away(tensor)
    assert same(found, tensor)
    assert found.stride() == tensor.stride() or not tensor.numel()


def test_a_leaf_keeps_its_layout() -> None:
    leaf = torch.ones(3, 2).T.requires_grad_()
    (found,) = given_away(leaf)
    assert found.is_leaf
    assert found.requires_grad
    assert found.stride() == (1, 2)


@given(laid_out_somehow())
def test_answers_come_back_contiguous(tensor: Tensor) -> None:
    found = decode_answer(encode_answer(Answer("value", tensor))).value
    assert same(found, tensor)
    assert found.is_contiguous()


@settings(max_examples=200)
@example([0], [1 << 63])  # more than PyTorch reads, of an axis that needs no memory
@given(
    st.lists(st.integers(0, 5), max_size=4),
    st.lists(st.integers(-2, 9) | st.integers(1 << 20, 1 << 70) | st.none(), max_size=4),
)
def test_strides_that_do_not_fit_are_refused(shape: list[int], strides: list[Any]) -> None:
    probe = header_of(encode_probe(call("f", 1)))
    message = claim({**probe, "args": [{"tensor": [0, strides]}]}, {"0": torch.ones(shape)})
    bounds = replace(transport.PROBES, buffers=10_000)
    try:
        (found,) = decode_probe(message, bounds).args
    except TransportError:
        return
    assert found.shape == tuple(shape)
    assert found.stride() == tuple(strides)
    assert found.untyped_storage().nbytes() <= 10_000
    assert (found == 1).all()


def test_spread_tensors_are_bounded_together() -> None:
    one = torch.zeros(1000, dtype=torch.uint8)[::500]
    message = encode_probe(call("f", *[one] * 9))
    assert len(decode_probe(message, replace(transport.PROBES, buffers=5_000)).args) == 9
    with pytest.raises(TransportError, match="strides that need 501 places"):
        decode_probe(message, replace(transport.PROBES, buffers=4_000))


@given(laid_out_somehow())
def test_a_copy_lies_as_the_tensor_does(tensor: Tensor) -> None:
    found = layouts.copy(tensor)
    assert same(found, tensor)
    assert found.stride() == tensor.stride()
    assert not found.numel() or found.data_ptr() != tensor.data_ptr()


def test_a_tensor_is_named_once_in_an_answer() -> None:
    """A judge pays for each place, whoever answers for one."""
    message = encode_answer(Answer("value", [torch.ones(3), torch.zeros(3)]))
    forged = message.replace(b'{"tensor":1}', b'{"tensor":0}')
    assert forged != message
    with pytest.raises(TransportError, match="once"):
        decode_answer(forged)
