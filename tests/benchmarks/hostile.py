"""The same attacks against stock ``nbgrader autograde`` and against ours, by family.

Stock runs each attack alone in a throw-away container: bubblewrap with no network, nothing of the
machine writable, a home and a course folder in memory. In it lie what an instructor's machine has:
an honest student's submission, a variable with a secret, the gradebook, the course's sources.
Ours is the engine as it is, with the whole class at once. Usage::

    python -m tests.benchmarks.hostile [--every 1] [--jobs 2] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograde.authoring import build
from autograde.gradebook import cells, scores
from autograde.tree import find
from tests.autograde.marking import attacks, hostile_class
from tests.autograde.marking.attacks import Attack
from tests.autograde.marking.hostile_class import CANARY, FIRST, SECRET
from tests.autograde.marking.test_hostile import active
from tests.benchmarks.grading import CONFIG

COURSE = find(Path(__file__).parent)
TEMPLATE, WORK, HOME = Path("/mnt"), Path("/tmp/course"), Path("/tmp/home")
CELL_SECONDS, SECONDS = 10, 90
MEMORY = 6 << 30
AS_STOCK = f"""
del c["HTMLExporter"]  # how this course makes pages inert
c.Execute.timeout = {CELL_SECONDS}
"""
TOLD = {"built-in-used", "not-read"}


@dataclass
class Came:
    """What came of one attack.

    Attributes:
        gained: points above what the attack should get; ``lost`` those below.
        graded: whether there is a grade at all.
        secrets: that are in the student's own files.
        effects: on anything but its own notebook.
        untold: a forbidden built-in passed, and nobody is told.
    """

    gained: float = 0.0
    lost: float = 0.0
    graded: bool = True
    secrets: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    untold: bool = False
    seconds: float = 0.0


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.inside:
        print(json.dumps(_inside(options.inside, options.lab)))
        return
    class_ = attacks.chosen(attacks.load(options.lab), str(options.every))
    with tempfile.TemporaryDirectory() as folder:
        own = _ours(options.lab, class_, Path(folder) / "ours")
        theirs = _stock(options.lab, class_, Path(folder) / "stock", options.jobs)
    if options.json:
        found = {one: {"stock": asdict(theirs[one]), "ours": asdict(own[one])} for one in own}
        options.json.write_text(json.dumps(found, indent=1))
    _table(class_, theirs, own)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--lab", default="lab01_activations")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args()


def _weighed(attack: Attack, points: dict[str, float], full: dict[str, float]) -> Came:
    """An attack's points beside what it should get."""
    came = Came(graded=bool(points))
    sample = attack.sample
    for name, maximum in full.items():
        nothing = sample.outcome in ("zero", "ungradable")
        wanted = 0.0 if nothing else sample.points.get(name, maximum)
        got = points.get(name, 0.0)
        came.gained += max(0.0, got - wanted)
        came.lost += max(0.0, wanted - got)
    return came


# --- ours ------------------------------------------------------------------------------------


def _ours(lab: str, class_: list[Attack], work: Path) -> dict[str, Came]:
    work.mkdir()
    outcome = hostile_class.run(COURSE, lab, class_, work)
    everything = [*outcome.outside, *outcome.left, *outcome.calls]
    print(
        f"ours: {outcome.result.seconds:.0f} s; outside, left and reached: {everything or 'none'}"
    )
    full = {i.grade_id: i.maximum for i in outcome.of(FIRST).items if i.status != "manual"}
    found = {}
    for attack in class_:
        result = outcome.of(attack.name)
        came = _weighed(attack, {i.grade_id: i.points or 0.0 for i in result.items}, full)
        came.secrets = outcome.leaks.get(attack.name, [])
        came.effects = outcome.effects.get(attack.name, [])
        came.effects += active(outcome.pages[attack.name]).found
        told = TOLD & {flag.code for flag in result.flags}
        came.untold = attack.family == "blinding" and not came.lost and not told
        came.seconds = result.seconds
        found[attack.name] = came
    return found


# --- stock -----------------------------------------------------------------------------------


def _stock(lab: str, class_: list[Attack], work: Path, jobs: int) -> dict[str, Came]:
    work.mkdir()
    attacks.hand_in(class_, COURSE, lab, work / "submitted")
    shutil.copytree(work / "honest" / "reference", work / "submitted" / FIRST)
    for path in attacks.notebooks(work / "submitted"):
        path.write_bytes(_without_exploration(path.read_bytes()))
    neighbour = work / "submitted" / FIRST / lab / f"{lab}.ipynb"
    book = json.loads(neighbour.read_text())
    book["metadata"]["mine"] = hostile_class.NEIGHBOURS
    neighbour.write_text(json.dumps(book))
    solution = build.expected(COURSE, lab).solution
    solution.cells = [c for c in solution.cells if "explore" not in c.metadata.get("tags", ())]
    (work / "nbgrader_config.py").write_text(CONFIG.format(work=str(WORK)) + AS_STOCK)
    cells.record(lab, solution, work)
    marks = [c.metadata["nbgrader"] for c in solution.cells if c.cell_type == "code"
             and c.metadata.get("nbgrader", {}).get("grade")]  # fmt: skip
    full = {mark["grade_id"]: float(mark["points"]) for mark in marks}
    found: dict[str, Came] = {}
    with ThreadPoolExecutor(jobs) as pool:
        all_came = pool.map(lambda one: _one(one, work, full), class_)
        for attack, came in zip(class_, all_came, strict=True):
            found[attack.name] = came
            print(f"{attack.family}/{attack.name} {came}", file=sys.stderr, flush=True)
    return found


def _without_exploration(data: bytes) -> bytes:
    """The notebook without exploration cells, where it is one at all."""
    with contextlib.suppress(Exception):
        book = json.loads(data)
        book["cells"] = [c for c in book["cells"] if "explore" not in c["metadata"].get("tags", ())]
        return json.dumps(book).encode()
    return data


def _one(attack: Attack, template: Path, full: dict[str, float]) -> Came:
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--uid", "1000"]
    command += ["--gid", "1000", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    command += ["--tmpfs", "/tmp", "--tmpfs", "/dev/shm", "--ro-bind", str(template)]
    command += [str(TEMPLATE), "--chdir", str(COURSE.root), "--", sys.executable, "-m"]
    command += ["tests.benchmarks.hostile", "--inside", attack.name, "--lab", attack.lab]
    begun = time.monotonic()
    told: dict[str, Any] = {}
    with contextlib.suppress(subprocess.TimeoutExpired, ValueError, IndexError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60)
        told = json.loads(done.stdout.splitlines()[-1])
    came = _weighed(attack, told.get("points", {}), full)
    came.secrets, came.effects = told.get("secrets", []), told.get("effects", ["no end"])
    came.untold = attack.family == "blinding" and came.graded and not came.lost
    came.seconds = time.monotonic() - begun
    return came


def _inside(student: str, lab: str) -> dict[str, Any]:
    """Grade one attack where it can harm nothing, and see what came of it."""
    families = {attack.name: attack.family for attack in attacks.load(lab)}
    paged = families[student] in ("costing", "misleading")
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    HOME.mkdir()
    os.environ |= {"HOME": str(HOME), CANARY: SECRET, "COURSE_ROOT": str(COURSE.root)}
    os.environ |= {"COURSE_PROFILE": "grade", "IPYTHONDIR": str(HOME / ".ipython")}
    shutil.copytree(TEMPLATE, WORK, symlinks=True, ignore_dangling_symlinks=True)
    others = WORK / "submitted" / FIRST / lab / f"{lab}.ipynb"
    (WORK / "canary.txt").write_text(SECRET)
    before = set(hostile_class.outside(COURSE, WORK))
    with hostile_class._watching(WORK) as seen:
        places = {"@WORK@": WORK, "@COURSE@": COURSE.root, "@HOME@": HOME, **seen.places}
        places["@PATTERNS@"] = hostile_class.patterns(COURSE)
        attacks.fill_in(WORK / "submitted", {mark: str(at) for mark, at in places.items()})
        told = others.read_bytes()
        _nbgrader("autograde", student, lab)
        ran = _page(student, lab) if paged else []
    effects = hostile_class.effects(WORK / "autograded" / student)
    effects += [*set(hostile_class.outside(COURSE, WORK)) - before, *seen.left, *seen.calls, *ran]
    if others.read_bytes() != told:
        effects.append("another student's notebook is changed")
    return {
        "points": _points(student, lab),
        "secrets": hostile_class.leaks(COURSE, lab, WORK, student),
        "effects": [one[:200] for one in effects],
    }


def _nbgrader(command: str, student: str, lab: str) -> None:
    nbgrader = [sys.executable, "-m", "nbgrader", command, lab, "--student", student]
    with (
        contextlib.suppress(subprocess.TimeoutExpired),
        subprocess.Popen(
            nbgrader, cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process,
    ):
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _page(student: str, lab: str) -> list[str]:
    """What of the student's would run in the reader's browser, and whether the page has an end."""
    begun = time.monotonic()
    _nbgrader("generate_feedback", student, lab)
    slow = ["feedback takes more than a minute"] if time.monotonic() - begun > 60 else []
    pages = (WORK / "feedback" / student).rglob("*.html")
    return slow + [one[:100] for path in pages for one in active(path.read_text()).found]


def _points(student: str, lab: str) -> dict[str, float]:
    try:
        return scores.read(WORK / "gradebook.db", lab).get(student, {})
    except Exception:
        return {}


# --- the table -------------------------------------------------------------------------------


def _table(class_: list[Attack], theirs: dict[str, Came], own: dict[str, Came]) -> None:
    columns = ("points", "untold", "secret", "effect", "lost")
    print(f"{'':12} {'attacks':>7}  " + "  ".join(f"{one:>7}" for one in columns * 2))
    rows = {**{family: [a for a in class_ if a.family == family] for family in attacks.FAMILIES}}
    for family, members in {**rows, "all": class_}.items():
        counts = [_count(members, came) for came in (theirs, own)]
        numbers = [count[column] for count in counts for column in columns]
        print(f"{family:12} {len(members):7}  " + "  ".join(f"{one:7}" for one in numbers))
    print("the first five columns are stock's, the others ours")


def _count(members: list[Attack], came: dict[str, Came]) -> Counter[str]:
    count: Counter[str] = Counter()
    for one in (came[attack.name] for attack in members):
        count["points"] += one.gained > 0
        count["untold"] += one.untold
        count["secret"] += bool(one.secrets)
        count["effect"] += bool(one.effects)
        count["lost"] += one.lost > 0 or not one.graded
    return count


if __name__ == "__main__":
    main()
