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
TICK = 0.25  # seconds between two looks at what else may end the wait


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
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

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
        text = json.dumps(header, separators=(",", ":")).encode()
        self._sock.settimeout(_remaining(deadline))
        try:
            self._sock.sendall(PREFIX.pack(MAGIC, len(text), len(body)) + text)
            if body:
                self._sock.settimeout(_remaining(deadline))
                self._sock.sendall(body)
        except TimeoutError:
            raise Late from None
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
            tick: called before every wait, of :data:`TICK` seconds at most; what it raises ends it.

        Raises:
            ChannelError: no frame, too large, late, or the other side is gone.
        """
        prefix = self._exactly(PREFIX.size, deadline, tick)
        magic, header_size, body_size = PREFIX.unpack(prefix)
        if magic != MAGIC:
            raise ChannelError("something that is no message")
        if header_size > HEADER_LIMIT or body_size > body_limit:
            raise ChannelError(f"a message of {header_size + body_size:,} bytes")
        text = self._exactly(header_size, deadline, tick)
        body = self._exactly(body_size, deadline, tick)
        try:
            header = parsed(bytes(text), ANSWERS)
        except TransportError as error:
            raise ChannelError(str(error)) from None
        if not isinstance(header, dict):
            raise ChannelError("a message without a header")
        return header, bytes(body)

    def _exactly(
        self, size: int, deadline: float | None, tick: Callable[[], None] | None
    ) -> bytearray:
        data = bytearray(size)
        view, got = memoryview(data), 0
        while got < size:
            got += self._some(view[got:], deadline, tick)
        return data

    def _some(
        self, view: memoryview, deadline: float | None, tick: Callable[[], None] | None
    ) -> int:
        while True:
            remaining = _remaining(deadline)
            wait = TICK if remaining is None else min(TICK, remaining)
            self._sock.settimeout(wait if tick else remaining)
            if tick:
                tick()
            try:
                count = self._sock.recv_into(view)
            except TimeoutError:
                continue  # _remaining raises once the deadline has passed
            except OSError as error:
                raise Closed(str(error)) from None
            if count == 0:
                raise Closed("closed")
            return count


def _remaining(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise Late
    return remaining
