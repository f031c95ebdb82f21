"""`solutions/` is the one secret folder: with it gone, nothing that is left answers an exercise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from autograde.authoring import leaks, reference
from autograde.sandbox.launch import packages
from autograde.tree import find
from course import profile
from tests.labs import attack

TREE = find()
LABS = TREE.lab_names()

# Any network at all has this much of what these two ask, whoever made it; and anything may raise
# the error that is asked for, or give the dtype.
BY_CHANCE = {"build_network": 0.4, "debug_this_network": 0.12, None: 0.1}
SECONDS_A_LAB = 75  # of a busy machine
SAMPLE = "0.25" if os.environ.get("CI") else "1"  # all of them take ten minutes
# By looking values up, an answer can know what a stored check expects of inputs that never change.
LOOKED_UP = 0.34


def walls(root: Path) -> list[str]:
    """Nothing can be written but a /tmp of its own; a checkout or Python in the other one shows."""
    binds, shown = list[str](), list[Path]()
    for path in map(Path, (root, sys.prefix, sys.base_prefix, *packages())):
        for one in dict.fromkeys((path.resolve(), path)):  # a link may lead out of /tmp or into it
            if one.is_relative_to("/tmp") and not any(map(one.is_relative_to, shown)):
                binds += ["--ro-bind", str(one), str(one)]
                shown.append(one)
    closed = "bwrap --ro-bind / / --dev /dev --proc /proc --unshare-net --unshare-pid --tmpfs /tmp"
    return [*closed.split(), *binds, "--die-with-parent", "--chdir", str(root)]


@cache
def attacks() -> dict[str, list[tuple[str, str, float]]]:
    """What earned something, by lab. It calls anything, so it runs behind walls."""
    if not shutil.which("bwrap"):
        pytest.skip("needs bubblewrap: it calls everything that the package holds")
    attack = [sys.executable, "-W", "ignore", "-m", "tests.labs.attack", SAMPLE, *LABS]
    run = subprocess.run(
        [*walls(TREE.root), *attack],
        capture_output=True,
        text=True,
        timeout=SECONDS_A_LAB * len(LABS),
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return {lab: [tuple(one) for one in found] for lab, found in json.loads(run.stdout).items()}


@pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap")
def test_may_the_course_lie_anywhere() -> None:
    with TemporaryDirectory(dir="/tmp") as folder:
        root = Path(folder) / "checkout"
        (root / "inside").mkdir(parents=True)
        (root / "inside/__init__.py").write_text("")
        (root / "inside/here.py").write_text("import torch\nprint('found')\nopen('new', 'w')\n")
        run = [*walls(root), sys.executable, "-m", "inside.here"]
        done = subprocess.run(run, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.returncode) == ("found\n", 1)
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("lab", LABS)
def test_does_nothing_of_the_course_answer_an_exercise(lab: str) -> None:
    found = [one for one in attacks()[lab] if one[1].startswith("course")]
    assert [one for one in found if one[2] > BY_CHANCE.get(one[0], BY_CHANCE[None])] == []


@pytest.mark.parametrize("lab", LABS)
def test_is_little_to_be_had_by_looking_values_up(lab: str) -> None:
    found = [one for one in attacks()[lab] if not one[1].startswith("course")]
    assert not [one for one in found if one[2] > LOOKED_UP], found


def test_would_an_answer_in_the_course_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(*args):
        return reference.load("lab00_setup")["topk_error"](*args)

    planted.__module__ = "course.profile"
    monkeypatch.setattr(profile, "planted", planted, raising=False)
    monkeypatch.setattr(attack, "_modules", lambda: [profile])
    attack.candidates.cache_clear()
    found = [one for one in attack.attacks("lab00_setup") if one[1] == "course.profile.planted"]
    attack.candidates.cache_clear()
    assert found == [("topk_error", "course.profile.planted", 1.0)]


def test_does_no_secret_line_stand_elsewhere() -> None:
    assert leaks.find(TREE, LABS) == []
