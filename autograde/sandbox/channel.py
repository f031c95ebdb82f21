"""Frames on a socket: a small JSON header and a body of bytes, bounded before they are read."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from autograde.sandbox.bounds import ANSWERS, TransportError, parsed

PREFIX = struct.Struct("!4sIQ")
MAGIC = b"cnn1"
HEADER_LIMIT = 1 << 20
TICK = 0.1  # seconds between two looks at what else may end the wait
AHEAD = 1 << 16  # bytes: a question or an answer as a rule fits, and comes with one call
OFFERED = 1 << 14
"""Bytes of a frame, and of several, that fit into a socket beside what is not yet read."""

THERE = 8
"""How often what is there already is read, for one frame, before a look at what may end the wait:
so a frame that has come whole is taken. More does not fit into a socket.
"""

_encoded = json.JSONEncoder(separators=(",", ":")).encode


class ChannelError(Exception):
    """What came is no frame, or a larger one than was allowed."""


class Closed(ChannelError):
    """The other side is gone."""


class Late(ChannelError):
    """The deadline passed."""


class Channel:
    """One end of a stream socket that carries frames.

    Args:
        sock: a connected stream socket; the channel owns it.
        ahead: bytes that may be read beyond a frame; 0 where others read the socket, too.
    """

    def __init__(self, sock: socket.socket, ahead: int = 0) -> None:
        self._sock = sock
        self._room = memoryview(bytearray(ahead))
        self._read = b""  # what came with an earlier frame
        self._free = 0

    def fileno(self) -> int:
        """The descriptor, for polling and for passing on."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close this end; closing twice is fine."""
        self._sock.close()

    def send(
        self, header: dict[str, Any], body: bytes = b"", *, deadline: float | None = None
    ) -> None:
        """Send one frame.

        Args:
            deadline: on :func:`time.monotonic`'s clock; None waits for ever.

        Raises:
            Late: the other side did not take it in time.
            Closed: the other side is gone.
        """
        start = _start(header, body)
        if len(body) < AHEAD:
            self._send(start + body, deadline)
        else:
            self._send(start, deadline)
            self._send(body, deadline)

    def offer(self, header: dict[str, Any], body: bytes, *, deadline: float) -> bool:
        """Send a small frame if it can be sent at once.

        Args:
            deadline: should the kernel take only a part of it.

        Returns:
            Whether it is on its way. Where the other side is gone, that shows when all that it
            sent is received.

        Raises:
            ChannelError: it went in part only.
        """
        frame = _start(header, body) + body
        if len(frame) > OFFERED:
            return False
        self._sock.settimeout(0.0)
        try:
            sent = self._sock.send(frame)
        except OSError:
            return False
        self._send(frame[sent:], deadline)  # nothing: so little is taken whole, or not at all
        return True

    def _send(self, data: bytes, deadline: float | None) -> None:
        left = memoryview(data)
        while left:
            self._be_patient(deadline, deadline is not None)
            try:
                left = left[self._sock.send(left) :]
            except TimeoutError:
                continue  # _remaining raises once the deadline has passed
            except BlockingIOError:
                self._wait_again()
            except OSError as error:
                raise Closed(str(error)) from None

    def receive(
        self,
        *,
        body_limit: int = 0,
        deadline: float | None = None,
        tick: Callable[[], None] | None = None,
    ) -> tuple[dict[str, Any], bytes]:
        """Receive one frame.

        Args:
            body_limit: the largest body that is accepted, in bytes.
            deadline: on :func:`time.monotonic`'s clock; None waits for ever.
            tick: called before every wait, of :data:`TICK` seconds at most; what it raises ends
                it. A frame that is there as a whole is received without.

        Raises:
            ChannelError: no frame, too large, late, or the other side is gone.
        """
        self._free = THERE
        prefix = self._exactly(PREFIX.size, deadline, tick)
        magic, header_size, body_size = PREFIX.unpack(prefix)
        if magic != MAGIC:
            raise ChannelError("something that is no message")
        if header_size > HEADER_LIMIT or body_size > body_limit:
            raise ChannelError(f"a message of {header_size + body_size:,} bytes")
        text = self._exactly(header_size, deadline, tick)
        body = self._exactly(body_size, deadline, tick)
        try:
            header = parsed(text, ANSWERS)
        except TransportError as error:
            raise ChannelError(str(error)) from None
        if not isinstance(header, dict):
            raise ChannelError("a message without a header")
        return header, body

    def _exactly(self, size: int, deadline: float | None, tick: Callable[[], None] | None) -> bytes:
        here = len(self._read)
        if here < size:
            data = bytearray(size)
            data[:here], self._read = self._read, b""
            self._fill(memoryview(data)[here:], deadline, tick)
            return bytes(data)
        found, self._read = self._read[:size], self._read[size:]
        return found

    def _fill(
        self, view: memoryview, deadline: float | None, tick: Callable[[], None] | None
    ) -> None:
        got, size = 0, len(view)
        while got < size:
            if size - got >= len(self._room):
                got += self._some(view[got:], deadline, tick)
                continue
            count = self._some(self._room, deadline, tick)
            taken = min(count, size - got)
            view[got : got + taken] = self._room[:taken]
            self._read = bytes(self._room[taken:count])
            got += taken

    def _some(
        self, view: memoryview, deadline: float | None, tick: Callable[[], None] | None
    ) -> int:
        while True:
            if tick and self._free > 0 and (count := self._there(view)):
                return count
            self._be_patient(deadline, tick is not None)
            if tick:
                tick()
            try:
                count = self._sock.recv_into(view)
            except TimeoutError:
                continue  # _remaining raises once the deadline has passed
            except BlockingIOError:
                self._wait_again()
                continue
            except OSError as error:
                raise Closed(str(error)) from None
            if count == 0:
                raise Closed("closed")
            return count

    def _there(self, view: memoryview) -> int:
        """What can be read at once; 0 where that is nothing."""
        self._free -= 1
        self._sock.settimeout(0.0)
        try:
            return self._sock.recv_into(view)
        except OSError:
            self._free = 0
            return 0

    def _be_patient(self, deadline: float | None, looking: bool) -> None:
        """Let the socket wait until the deadline, or until it is time to look about."""
        remaining = _remaining(deadline)
        wait = min(TICK, TICK if remaining is None else remaining) if looking else remaining
        if wait != self._sock.gettimeout():  # setting it asks the kernel
            self._sock.settimeout(wait)

    def _wait_again(self) -> None:
        """Let the socket wait as it did: whoever has a copy of its descriptor can change that, as
        code does that looks at all descriptors of its process.
        """
        self._sock.settimeout(self._sock.gettimeout())


def _start(header: dict[str, Any], body: bytes) -> bytes:
    """A frame up to its body."""
    text = _encoded(header).encode()
    return PREFIX.pack(MAGIC, len(text), len(body)) + text


def _remaining(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise Late
    return remaining
