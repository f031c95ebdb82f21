"""Students per minute: stock ``nbgrader autograde`` and ours on the same honest class.

Both sides run the same cells of lab01 (exploration cells are taken out for both), start-up
included, and their scores are compared cell by cell. Stock is measured on fewer students: its
cost a student does not change. Usage::

    python tests/benchmarks/grading.py [--students 100] [--stock 10] [--jobs 2]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from autograde.authoring import build, samples
from autograde.gradebook import cells, scores
from autograde.handing_in.normalise import normalise
from autograde.marking import engine, hidden, journal
from autograde.results import StudentResult
from autograde.sandbox import Warm
from autograde.tree import Tree, find

LAB = "lab01_activations"
HONEST = ("reference", "other-formulas", "by-hand-and-loops", "no-lambda", "naive-tanh")
STAGED = 20  # students whose stages are timed one by one
CONFIG = """
from pathlib import Path
from autograde.nbgrader_settings import settings
here = Path({work!r})
c = get_config()
c.merge(settings(here, here, source=here / "source", release=here / "release"))
c.Autograde.exporter_class = "nbconvert.exporters.NotebookExporter"
"""


def main() -> None:
    """Measure and print."""
    options = _options()
    course = find(Path(__file__).parent)
    with tempfile.TemporaryDirectory() as folder:
        ours, stock = Path(folder) / "ours", Path(folder) / "stock"
        _class(course, ours, options.students)
        _class(course, stock, options.stock)
        _measure(course, ours, stock, options)
        _stages(course, ours)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--stock", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def _measure(course: Tree, ours: Path, stock: Path, options: argparse.Namespace) -> None:
    here = str(Path(sys.executable).parent)
    env = {
        **os.environ,
        "COURSE_ROOT": str(course.root),
        "COURSE_PROFILE": "grade",
        "PATH": here + os.pathsep + os.environ["PATH"],
    }
    (stock / "nbgrader_config.py").write_text(CONFIG.format(work=str(stock)))
    solution = _without_exploration(build.expected(course, LAB).solution)
    cells.record(LAB, solution, stock)
    theirs = _seconds(["nbgrader", "autograde", LAB], stock, env)
    command = ["autograde", "grade", LAB, "--workdir", str(ours), "--jobs", str(options.jobs)]
    own = _seconds(command, course.root, env)
    _compare(ours, stock)
    theirs_rate, own_rate = 60 * options.stock / theirs, 60 * options.students / own
    print(
        f"stock nbgrader   {options.stock:4} students  {theirs:7.1f} s  {theirs_rate:7.1f} a minute"
    )
    print(f"autograde grade  {options.students:4} students  {own:7.1f} s  {own_rate:7.1f} a minute")
    print(f"ratio            {own_rate / theirs_rate:.1f}x, sandbox on, start-up included")


def _class(course: Tree, work: Path, size: int) -> None:
    """Honest students, over and over, without exploration cells."""
    chosen = [sample for sample in samples.load(course.samples(LAB)) if sample.name in HONEST]
    samples.hand_in(chosen, course, LAB, work / "samples")
    for number in range(size):
        sample = chosen[number % len(chosen)].name
        home = work / "submitted" / f"s{number:03}" / LAB
        shutil.copytree(work / "samples" / sample / LAB, home)
        path = home / f"{LAB}.ipynb"
        nbformat.write(_without_exploration(nbformat.read(path, 4)), path)


def _without_exploration(book: Any) -> Any:
    book.cells = [c for c in book.cells if "explore" not in c.metadata.get("tags", ())]
    return book


def _seconds(command: list[str], folder: Path, env: dict[str, str]) -> float:
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return time.monotonic() - begun


def _compare(ours: Path, stock: Path) -> None:
    own = scores.read(ours / "gradebook.db", LAB)
    theirs = scores.read(stock / "gradebook.db", LAB)
    differing = [name for name, points in theirs.items() if points != own[name]]
    verdict = f"differ for {differing}" if differing else "equal, cell by cell"
    print(f"scores of {len(theirs)} students: {verdict}")


def _stages(course: Tree, work: Path) -> None:
    """Where the time of a student goes, in one thread."""
    release = nbformat.read(work / "release" / LAB / f"{LAB}.ipynb", 4)
    times: dict[str, list[float]] = {}

    def timed(stage: str, act: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        found = act()
        times.setdefault(stage, []).append(time.perf_counter() - begun)
        return found

    with Warm() as warm, scores.opened(work / "gradebook.db") as book:
        for number in range(STAGED):
            path = work / "submitted" / f"s{number:03}" / LAB / f"{LAB}.ipynb"
            data = path.read_bytes()
            tidy = timed("normalise", lambda data=data: normalise(data, release).notebook)
            session = timed("fork, walls, shell", lambda: warm.session())
            _one(session, tidy, timed)
            timed("teardown", session.close)
            graded = engine.grade(LAB, tidy, warm)
            result = StudentResult(f"s{number:03}", "graded", graded.items)
            target = work / "again.ipynb"
            timed("write notebook", lambda g=graded, t=target: nbformat.write(g.notebook, t))
            entry = journal.Entry("key", {}, result)
            timed("journal", lambda e=entry: journal.append(work / "again.jsonl", e))
            timed("gradebook", lambda r=result: scores.save(book, LAB, scores.Scored(r)))
    _floor(release, tidy, timed)
    print(f"\nmedian milliseconds a student, one thread, {STAGED} students")
    for stage, seconds in times.items():
        print(f"  {stage:32} {1000 * statistics.median(seconds):8.1f}")


def _one(session: Any, book: Any, timed: Callable[..., Any]) -> None:
    """All cells of a student, then all probes, each summed."""
    cells = [c for c in book.cells if c.cell_type == "code"]
    plain = [c.source for c in cells if not c.metadata.get("nbgrader", {}).get("grade")]
    names = [
        c.metadata["nbgrader"]["grade_id"]
        for c in cells
        if c.metadata.get("nbgrader", {}).get("grade")
    ]
    timed("cells", lambda: [session.run(source) for source in plain])
    cases = [case for name in names for case in hidden.check(LAB, name).cases]
    answers = timed("probes", lambda: [session.ask(case.case.probe) for case in cases])
    timed("judging", lambda: [c.result(a) for c, a in zip(cases, answers, strict=True)])


def _floor(release: Any, book: Any, timed: Callable[..., Any]) -> None:
    """The floor: the same cells in a warm interpreter, no shell, no walls, no probes."""
    sources = [
        c.source
        for c in book.cells
        if c.cell_type == "code"
        and not c.metadata.get("nbgrader", {}).get("grade")
        and "%pip" not in c.source
    ]
    for _ in range(STAGED):
        namespace: dict[str, Any] = {}

        def run(namespace: dict[str, Any] = namespace) -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                for source in sources:
                    exec(compile(source, "<cell>", "exec"), namespace)

        timed("(floor: cells alone, warm)", run)


if __name__ == "__main__":
    main()
