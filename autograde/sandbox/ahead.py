"""Questions that a student's process is given before it has answered: it need not wait for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autograde.sandbox.bounds import TransportError
from autograde.sandbox.channel import OFFERED, Channel

if TYPE_CHECKING:
    from course.checks.probes import Probe

MOST_AHEAD = 8  # questions that a process may be given before the last one is answered


@dataclass
class Line:
    """What was sent on a channel: ``number`` is the last one's, ``waiting`` is to be asked next."""

    channel: Channel
    number: int = 0
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)

    def next(self, body: bytes) -> tuple[int, bool]:
        """The number of a request, and whether it is on its way already.

        Raises:
            RuntimeError: another one had been said to come next.
        """
        if not self.waiting:
            self.number += 1
            return self.number, False
        number, foreseen = self.waiting.popleft()
        if foreseen is not body:
            raise RuntimeError("something else was asked than had been said to come next")
        return number, True

    def send(self, coming: Sequence[Probe], deadline: float) -> None:
        """Send of what comes next as much as the process can be given at once."""
        from autograde.sandbox import transport

        room = OFFERED - sum(len(body) for _, body in self.waiting)
        for probe in coming[len(self.waiting) : MOST_AHEAD]:
            try:
                body = transport.encode_probe(probe)
            except TransportError:
                return  # told when it is asked
            room -= len(body)
            question = {"op": "ask", "number": self.number + 1}
            if room < 0 or not self.channel.offer(question, body, deadline=deadline):
                return
            self.number += 1
            self.waiting.append((self.number, body))
