"""A check that takes its time says so, and takes its words back when it is done."""

from __future__ import annotations

import time

import IPython.display
import pytest

from course.checks import waiting


class Shown:
    """What a notebook's output would show."""

    def __init__(self):
        self.lines, self.cleared = [], False

    def display(self, thing, display_id=False):
        assert display_id
        self.lines.append(thing.data)
        return self

    def update(self, thing):
        self.lines.append(thing.data)

    def clear(self, wait=False):
        assert wait  # until the report is there
        self.cleared = True


@pytest.fixture
def shown(monkeypatch):
    found = Shown()
    monkeypatch.setattr(IPython.display, "display", found.display)
    monkeypatch.setattr(IPython.display, "clear_output", found.clear)
    monkeypatch.setattr(waiting, "in_kernel", lambda: True)
    monkeypatch.setattr(waiting, "PATIENCE", 0.1)
    monkeypatch.setattr(waiting, "PULSE", 0.02)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return found


def take(seconds, cases=(4, 5)):
    with waiting.telling("conv2d", 9) as trying:
        for number in cases:
            trying(number)
            time.sleep(seconds)


def test_a_slow_check_tells_which_case_it_tries(shown):
    take(0.5)
    assert shown.lines == [f"conv2d: still trying case {n} of 9 …" for n in (4, 5)]
    assert shown.cleared


def test_a_fast_check_says_nothing(shown):
    take(0.0)
    assert (shown.lines, shown.cleared) == ([], False)


def test_under_grading_and_outside_kernels_nothing_is_said(shown, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    take(0.2)
    monkeypatch.delenv("NBGRADER_EXECUTION")
    monkeypatch.setattr(waiting, "in_kernel", lambda: False)
    take(0.2)
    assert (shown.lines, shown.cleared) == ([], False)


def test_an_error_on_the_way_leaves_nothing_behind(shown):
    def interrupted():
        with waiting.telling("conv2d", 9):
            time.sleep(0.4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert shown.cleared
