"""The same attacks against stock ``nbgrader autograde`` and against ours, by family.

Stock runs each attack alone in a throw-away container: bubblewrap with no network, nothing of the
machine writable, a home and a course folder in memory. In it lie what an instructor's machine has:
an honest student's submission, a variable with a secret, the gradebook, the course's sources.
Ours is the engine as it is, with the whole class at once. Usage::

    python -m tests.benchmarks.hostile [--every 1] [--family reading costing] [--json FILE]
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
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
from tests.autograde.marking.active import active
from tests.autograde.marking.attacks import Attack
from tests.autograde.marking.outside import FIRST, NEIGHBOURS
from tests.benchmarks.contained import SECONDS, TEMPLATE, WORK
from tests.benchmarks.grading import CONFIG

COURSE = find(Path(__file__).parent)
CELL_SECONDS = 10
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
    class_ = [a for a in attacks.load(options.lab) if a.family in options.family]
    class_ = attacks.chosen(class_, str(options.every))
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
    parser.add_argument("--family", nargs="+", default=attacks.FAMILIES)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--lab", default="lab01_activations")
    parser.add_argument("--json", type=Path)
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
    book["metadata"]["mine"] = NEIGHBOURS
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
    command += ["tests.benchmarks.contained", attack.name, attack.lab]
    begun = time.monotonic()
    told: dict[str, Any] = {}
    with contextlib.suppress(subprocess.TimeoutExpired, ValueError, IndexError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60)
        told = json.loads(done.stdout.splitlines()[-1])
    came = _weighed(attack, _points(told.get("gradebook", ""), attack.name, attack.lab), full)
    came.secrets, came.effects = told.get("secrets", []), told.get("effects", ["no end"])
    came.untold = attack.family == "blinding" and came.graded and not came.lost
    came.seconds = time.monotonic() - begun
    return came


def _points(gradebook: str, student: str, lab: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Exception):
        path = Path(folder) / "gradebook.db"
        path.write_bytes(base64.b64decode(gradebook))
        return scores.read(path, lab).get(student, {})
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
