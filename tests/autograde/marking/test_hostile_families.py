"""The adversarial class: well over a hundred attacks in families, and what must hold after all.

In CI one in nine is tried, evenly; ``HOSTILE=all`` tries all of them (some minutes), and
``HOSTILE=3`` one in three. What each must get is in its file name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from autograde.marking import demo
from autograde.results import StudentResult
from autograde.sandbox import IsolationError, Warm, proven
from autograde.tree import find
from tests.autograde.marking import attacks, hostile_class
from tests.autograde.marking.active import active
from tests.autograde.marking.attacks import Attack
from tests.autograde.marking.hostile_class import Outcome
from tests.autograde.marking.outside import FIRST, LAST

COURSE = find(Path(__file__).parent)
WHOLE = os.environ.get(attacks.WANTED) == "all"
CHEAP = ["lab01_activations", "lab07_summary"]
LABS = [*CHEAP, "lab02_lenet"] if WHOLE else CHEAP  # lab02 trains networks: 20 s a student
CLASSES = {lab: attacks.chosen(attacks.load(lab)) for lab in LABS}
START, SECONDS = 60.0, 20.0  # of a class, and for each student; most attacks take a second
PAGE_SECONDS = 4.0  # of processor time, for each page
LARGEST_PAGE = 24 << 20
KNOWN: dict[str, str] = {}  # attacks that gain something, and why that is so still
NOBODY = 65534
FEWER = "60"  # one in so many, when all of it runs a second time

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or shutil.which("bwrap") is None,
        reason="the sandbox needs Linux and bubblewrap (system package bubblewrap)",
    ),
]


@pytest.fixture(scope="session")
def adversaries(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A lab's class, graded once, when it is first asked for."""
    try:
        with Warm(preload=["torch"]) as warm:
            proven(warm)
    except IsolationError as error:
        pytest.skip(f"hostile code runs behind proven walls only: {error}")

    @cache
    def graded(lab: str) -> Outcome:
        return hostile_class.run(COURSE, lab, CLASSES[lab], tmp_path_factory.mktemp(lab))

    return graded


@pytest.fixture(params=LABS)
def outcome(request: pytest.FixtureRequest, adversaries: object) -> Outcome:
    return adversaries(request.param)


def each() -> list[object]:
    """Every attack that is tried, as a parameter."""
    return [
        pytest.param(
            attack,
            id=f"{attack.lab[:5]}-{attack.family}-{attack.name}",
            marks=pytest.mark.xfail(strict=True, reason=KNOWN[attack.name])
            if attack.name in KNOWN
            else (),
        )
        for class_ in CLASSES.values()
        for attack in class_
    ]


def test_the_class_is_large_and_every_family_is_in_it() -> None:
    everything = [one for lab in (*CHEAP, "lab02_lenet") for one in attacks.load(lab)]
    families = Counter(one.family for one in everything)
    assert len(everything) >= 150
    assert set(families) == set(attacks.FAMILIES)
    assert min(families.values()) >= 10
    assert len({one.name for one in everything}) == len(everything)


@pytest.mark.parametrize("attack", each())
def test_an_attack_gets_what_its_file_says(adversaries: object, attack: Attack) -> None:
    outcome = adversaries(attack.lab)
    assert demo.surprises(attack.sample, outcome.of(attack.name)) == []


def test_no_attack_has_a_secret(outcome: Outcome) -> None:
    assert outcome.leaks == {}


def test_no_attack_got_hold_of_anything(outcome: Outcome) -> None:
    assert outcome.effects == {}


def test_nothing_is_written_outside_and_nothing_is_left(outcome: Outcome) -> None:
    assert outcome.outside == []
    assert outcome.left == []


def test_nothing_reaches_the_host(outcome: Outcome) -> None:
    assert outcome.calls == []


def test_everybody_is_graded_and_the_grader_itself_never_fails(outcome: Outcome) -> None:
    statuses = Counter(item.status for one in outcome.result.students for item in one.items)
    assert statuses["grader_error"] == 0
    lab = outcome.result.lab
    names = {one.name for one in CLASSES[lab]} | {FIRST, LAST}
    assert {one.student for one in outcome.result.students} == names
    assert set(outcome.pages) == names


@pytest.mark.parametrize("student", [FIRST, LAST])
def test_honest_students_are_graded_as_without_attackers(outcome: Outcome, student: str) -> None:
    calm = next(one for one in outcome.calm.students if one.student == student)
    assert _timeless(outcome.of(student)) == _timeless(calm)
    assert outcome.pages[student] == outcome.calm_pages[student]


def _timeless(result: StudentResult) -> object:
    return result.as_json()


def test_the_class_takes_a_bounded_time(outcome: Outcome) -> None:
    slowest = max(outcome.result.students, key=lambda one: one.seconds)
    bound = START + SECONDS * len(outcome.result.students)
    assert outcome.result.seconds < bound, slowest.student


def test_pages_are_made_in_time_and_nothing_in_them_runs(outcome: Outcome) -> None:
    assert outcome.page_seconds < PAGE_SECONDS * len(outcome.pages)
    assert {
        name: len(page) for name, page in outcome.pages.items() if len(page) > LARGEST_PAGE
    } == {}
    ran = {name: found for name, page in outcome.pages.items() if (found := active(page).found)}
    assert ran == {}


def test_the_terminal_is_not_steered(outcome: Outcome) -> None:
    assert "\x1b" not in outcome.printed
    assert "all is well" not in outcome.printed


@pytest.mark.skipif(os.getuid() != 0, reason="not root: all of it runs as an ordinary user already")
def test_all_of_it_holds_for_an_ordinary_user_too() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, NOBODY, NOBODY)
        environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}/usr/sbin:{os.environ['PATH']}",
            "HOME": home,
            "TMPDIR": home,
            "PYTHONPATH": str(COURSE.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            attacks.WANTED: "all" if WHOLE else FEWER,
        }
        tests = f"{sys.executable} -m pytest -q -p no:cacheprovider {__file__}"
        become = f"exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {tests}"
        script = "\n".join(["set -e", *_reachable(home), "echo ready", become])
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script],
            cwd="/",
            env=environment,
            capture_output=True,
            text=True,
        )
    if "ready" not in done.stdout:
        pytest.skip(f"nobody can't have this Python here: {done.stderr[-500:]}")
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in done.stdout


def _reachable(home: str) -> list[str]:
    """Commands that let others reach Python and the course, in a mount namespace of its own: they
    may lie in root's home, of which all the rest is then covered.
    """
    needed = {os.path.realpath(path) for path in (sys.base_prefix, sys.prefix, COURSE.root)}
    above = {folder for path in needed for folder in Path(path).parents}
    shut = sorted(folder for folder in above if not folder.stat().st_mode & 0o001)
    inside = [path for path in needed if shut and Path(path).is_relative_to(shut[0])]
    kept = [f"{home}/kept{number}" for number in range(len(inside))]
    pairs = [*zip(inside, kept, strict=True)]
    keep = [f"mkdir {place} && mount --bind {path} {place}" for path, place in pairs]
    cover = [f"mount -t tmpfs -o mode=755 none {shut[0]}"] if inside else []
    back = [f"mkdir -p {path} && mount --bind {place} {path}" for path, place in pairs]
    return [*keep, *cover, *back]
