"""The student's BatchNorm in a network of lab 4."""

from __future__ import annotations

import pytest

from autograde.authoring import reference
from course.labs.lab04_vgg.experiments import compare_batch_norm

RIGHT = reference.load("lab04_vgg")["batch_norm"]


def test_the_right_function_makes_the_same_network(capsys: pytest.CaptureFixture[str]) -> None:
    compare_batch_norm(RIGHT, steps=1)
    assert capsys.readouterr().out.count("equal up to rounding") == 3


def test_another_function_makes_another_network(capsys: pytest.CaptureFixture[str]) -> None:
    compare_batch_norm(lambda x, w, b, m, v, training: (RIGHT(x, w, b, m, v, True)[0], m, v), 1)
    told = capsys.readouterr().out.splitlines()
    assert [line.endswith("another network") for line in told] == [False, False, True]


def test_what_is_not_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def batch_norm(*args: object) -> None:
        raise NotImplementedError

    compare_batch_norm(batch_norm)
    assert "not written yet" in capsys.readouterr().out
