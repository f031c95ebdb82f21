"""The engine: how long a probe may take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograde.marking.life import PROBE_SECONDS, Life
from course.checks import Answer, call


class Session:
    alive = True

    def ask(self, probe, *, timeout):
        return Answer("value", timeout)


@pytest.mark.parametrize(("asked", "given"), [(0.0, PROBE_SECONDS), (45.0, 45.0)])
def test_a_probe_may_ask_for_more_time_and_never_gets_less(asked, given):
    life = Life(warm=None, files={}, session=Session())
    probe = replace(call("relu", 1.0), seconds=asked)
    assert life.ask(probe).value == given
