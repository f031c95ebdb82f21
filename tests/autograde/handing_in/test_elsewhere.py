"""Notebooks in another place than they should be: nobody who has one is taken for absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograde.handing_in import roster
from autograde.handing_in.intake import Submission, collect

LAB = "lab01_activations"
OTHERS = ["lab00_setup", "lab02_lenet"]
BYTES = b'{"cells": []}'


def handed_in(root: Path, *paths: str) -> Submission:
    for path in paths:
        place = root / "ada" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(BYTES)
    (submission,) = collect(root, LAB, others=OTHERS)
    return submission


@pytest.mark.parametrize(
    "paths",
    [
        ["Lab01_Activations/lab01_activations.ipynb"],
        ["lab01/lab01_activations (1).ipynb"],
        ["LAB-1/homework.ipynb"],
        ["homework.ipynb"],
        [f"{LAB}/inner/{LAB}.ipynb"],
        ["labs/lab00_setup/lab00_setup.ipynb", f"labs/{LAB}/{LAB}.ipynb"],
        [f"__MACOSX/{LAB}.ipynb", f"x/{LAB}.ipynb", f".ipynb_checkpoints/{LAB}.ipynb"],
        [f"{LAB}/report.pdf", f"{LAB}.ipynb"],
    ],
)
def test_one_that_may_be_this_labs_is_taken_and_told(tmp_path, paths):
    found = handed_in(tmp_path, *paths)
    assert found.data == BYTES
    assert (found.flags[0].code, found.flags[0].severity) == ("other-place", "attention")


def test_of_several_none_is_taken_and_a_person_is_told(tmp_path):
    found = handed_in(tmp_path, "a/homework.ipynb", "b/homework.ipynb")
    assert found.data is None
    assert [(f.code, f.severity) for f in found.flags] == [("not-handed-in", "attention")]


def test_another_labs_is_nobodys_concern(tmp_path):
    found = handed_in(tmp_path, "lab02_lenet/lab02_lenet.ipynb", "Lab00-setup.ipynb")
    assert [(f.code, f.severity) for f in found.flags] == [("not-handed-in", "info")]


def test_files_beside_it_are_read_and_links_are_not_followed(tmp_path):
    found = handed_in(tmp_path, "x/homework.ipynb", "x/helpers.py", "x/timestamp.txt")
    assert found.extra_files == {"helpers.py": BYTES}
    assert found.official == {"timestamp.txt": BYTES}
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "link").symlink_to(tmp_path / "ada" / "x")
    bob = [one for one in collect(tmp_path, LAB) if one.student == "bob"]
    assert [one.data for one in bob] == [None]


def test_what_an_archive_of_a_mac_leaves_is_no_student(tmp_path):
    (tmp_path / "__MACOSX" / "ada").mkdir(parents=True)
    (tmp_path / "ada").mkdir()
    assert roster.students(tmp_path) == ["ada"]
    assert roster.strays(tmp_path) == ()
