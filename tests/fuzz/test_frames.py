"""The wire: frames, answers and probes, as a student's process could send them."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from autograde.sandbox import transport
from autograde.sandbox.bounds import Bounds, TransportError
from autograde.sandbox.channel import MAGIC, PREFIX, Channel, ChannelError
from autograde.sandbox.limits import Limits
from autograde.sandbox.outputs import packed
from autograde.sandbox.session import Session
from autograde.sandbox.transport import LENGTH, decode_answer, decode_probe
from course.checks import Answer, call
from course.checks.probes import Foreign, HandedIn
from tests.fuzz.bounds import brief, cases, within
from tests.fuzz.mutations import Changed, Draw, bytes_like, json_like

SMALL = Bounds(buffers=100_000)
VALUES: list[Any] = [
    *(None, True, 3, -0.5, float("nan"), "text", [1, [2.0, "a"]], {"a": {"b": [None]}}),
    *(torch.randn(3, 4), torch.zeros(0, 3), torch.ones(2, dtype=torch.bool), Foreign("A", "<A>")),
    *({"x": torch.arange(6).reshape(2, 3), "y": [torch.ones(()), torch.ones(2, 2).half()]},),
]
MESSAGES = [transport.encode_answer(Answer("value", value)) for value in VALUES]
MESSAGES += [transport.encode_answer(Answer("raised", error="e", cause="shape", calls=("mm",)))]
PROBES = [
    transport.encode_probe(call("f", torch.randn(2, 3).T, [1, (2, "a")], k=torch.float32)),
    transport.encode_probe(call("f", torch.ones(2, requires_grad=True), HandedIn("w"))),
]


def parts(message: bytes) -> tuple[str, str, bytes]:
    """A message's header, its tensors' header, and their bytes."""
    (size,) = LENGTH.unpack_from(message)
    header, rest = message[LENGTH.size :][:size], message[LENGTH.size + size :]
    (size,) = struct.unpack_from("<Q", rest)
    return header.decode(), rest[8 : 8 + size].decode(), rest[8 + size :]


@st.composite
def messages(draw: Draw, seeds: list[bytes]) -> Changed:
    """A message with something changed in its bytes, or in what it says, with lengths that fit."""
    seed = draw(st.sampled_from(seeds))
    if draw(st.integers(0, 2)) == 0:
        return draw(bytes_like([seed]))
    header, tensors, data = parts(seed)
    said, laid = draw(json_like([header], 3)), draw(json_like([tensors], 2))
    other = draw(st.sampled_from([tensors, json.dumps(laid.value)])).encode()
    bytes_ = draw(st.sampled_from([data, data + bytes(8), data[:-1]]))
    text = json.dumps(said.value).encode()
    message = LENGTH.pack(len(text)) + text + struct.pack("<Q", len(other)) + other + bytes_
    return Changed(message, [*said.changes, *laid.changes])


def plain(value: Any, left: int) -> int:
    """How many values more it may hold; nothing is in it but what judges know."""
    assert left > 0
    if isinstance(value, dict):
        assert all(type(key) is str for key in value)
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            left = plain(part, left - 1)
        return left
    if isinstance(value, Tensor):
        assert value.dtype in transport.DTYPES.values()
        assert value.numel() * value.element_size() <= SMALL.buffers
        value.sum().item()  # its memory is there
    else:
        kinds = (type(None), bool, int, float, str, Foreign, torch.dtype, HandedIn)
        assert type(value) in kinds
    return left


@cases(300)
@given(messages(MESSAGES))
def test_any_answer_is_plain_or_refused(message: Changed) -> None:
    with within(2):
        try:
            found = decode_answer(message.value, SMALL)
        except TransportError as error:
            brief(error)
            return
    assert found.kind in transport.KINDS
    plain(found.value, SMALL.items)
    assert transport.encode_answer(found)


@cases(150)
@given(messages(PROBES))
def test_any_probe_asks_what_the_course_asks_or_is_refused(message: Changed) -> None:
    with within(2):
        try:
            found = decode_probe(message.value, SMALL)
        except TransportError:
            return
    assert found.question.__module__.startswith(transport.QUESTIONS)
    plain(list(found.args), SMALL.items)


FRAMES = [
    PREFIX.pack(MAGIC, len(text), len(body)) + text + body
    for text, body in [
        (b'{"number":1,"good":true,"outputs":[]}', b""),
        (b'{"number":1}', MESSAGES[4]),
        (
            json.dumps(
                {
                    "number": 1,
                    "outputs": packed([{"output_type": "stream", "name": "x", "text": "a"}])[0],
                }
            ).encode(),
            b"a",
        ),
    ]
]


@cases(150)
@given(bytes_like([*FRAMES, FRAMES[0] * 2]))
def test_any_stream_is_frames_or_refused_in_time(stream: Changed) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(stream.value)
        theirs.shutdown(socket.SHUT_WR)
        channel, begun = Channel(ours), time.monotonic()
        with within(2):
            try:
                while True:
                    header, body = channel.receive(body_limit=10_000, deadline=begun + 1)
                    assert isinstance(header, dict)
                    assert len(body) <= 10_000
            except ChannelError as error:
                brief(error)
        channel.close()


@cases(100)
@given(
    st.sampled_from(["run", "ask"]),
    json_like([frame[PREFIX.size :].split(b"}")[0].decode() + "}" for frame in FRAMES[:2]], 3),
    bytes_like([b"", b"a", *MESSAGES[3:6]], 2),
)
def test_any_reply_is_a_result_of_a_session(what: str, header: Changed, body: Changed) -> None:
    ours, theirs = socket.socketpair()
    life, far = socket.socketpair()
    with theirs, far:
        Channel(theirs).send({"ready": True})
        far.send(b'{"born": 1}')
        session = Session(Channel(ours), life, Limits(), 1 << 40)
        text = json.dumps(header.value).encode()
        theirs.sendall(PREFIX.pack(MAGIC, len(text), len(body.value)) + text + body.value)
        far.shutdown(socket.SHUT_WR)
        with within(2):
            if what == "run":
                run = session.run("1", timeout=1)
                assert run.status in ("ok", "error", "crashed", "timeout")
                assert isinstance(run.message, str)
                assert len(run.message) < 2_000
            else:
                plain(session.ask(call("f"), timeout=1).value, SMALL.items)
        session.close()
