"""Answers that are the reference with lines replaced."""

from __future__ import annotations

import pytest
import torch

from autograde.authoring import reference
from autograde.authoring.changes import ChangeError, changed

SOURCE = "def f(x):\n    if x:\n        y = 1\n    return y\n"


def test_is_a_line_replaced_with_its_indentation() -> None:
    found = changed(SOURCE, "- y = 1\n+ y = 2\n+ z = 3")
    assert found == SOURCE.replace("        y = 1\n", "        y = 2\n        z = 3\n")


def test_do_several_changes_follow_each_other() -> None:
    found = changed(SOURCE, "- y = 1\n+ y = 2\n\n- return y\n")
    assert found == "def f(x):\n    if x:\n        y = 2\n"


def test_does_deeper_indentation_stay() -> None:
    found = changed(SOURCE, "- if x:\n-     y = 1\n+ for _ in x:\n+     y = 2")
    assert found == "def f(x):\n    for _ in x:\n        y = 2\n    return y\n"


@pytest.mark.parametrize("change", ["- y = 7\n+ y", "+ y = 1", "y = 1"])
def test_is_a_change_that_does_not_fit_refused(change: str) -> None:
    with pytest.raises(ChangeError):
        changed(SOURCE, change)


def test_is_a_line_that_stands_twice_refused() -> None:
    with pytest.raises(ChangeError, match="2 times"):
        changed(SOURCE + SOURCE, "- y = 1\n+ y = 2")


def test_does_a_changed_reference_define_what_changed() -> None:
    old = dict(reference.cells("lab00_setup"))["topk_error"].strip().split("\n")[-2].strip()
    found = reference.changed("lab00_setup", "topk_error", f"- {old}\n+ return 7.0")
    assert set(found) == {"topk_error"}
    assert found["topk_error"](torch.eye(3), torch.arange(3), 1) == 7.0
