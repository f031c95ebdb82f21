"""Grade one attack with stock nbgrader, inside the container of ``tests.benchmarks.hostile``.

``python -m tests.benchmarks.contained STUDENT LAB`` prints JSON. Nothing here imports torch: the
time of a run is stock nbgrader's.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from autograde.tree import find
from tests.autograde.marking import attacks, outside
from tests.autograde.marking.active import active

TEMPLATE, WORK, HOME = Path("/mnt"), Path("/tmp/course"), Path("/tmp/home")
SECONDS, PAGE_SECONDS = 90, 60
MEMORY = 4 << 30


def main() -> None:
    """Grade one attack where it can harm nothing, and tell what came of it."""
    student, lab = sys.argv[1:]
    course = find(Path(__file__).parent)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    HOME.mkdir()
    os.environ |= {"HOME": str(HOME), "IPYTHONDIR": str(HOME / ".ipython")}
    os.environ |= {outside.CANARY: outside.SECRET, "COURSE_ROOT": str(course.root)}
    os.environ |= {"COURSE_PROFILE": "grade"}
    shutil.copytree(TEMPLATE, WORK, symlinks=True, ignore_dangling_symlinks=True)
    (WORK / "canary.txt").write_text(outside.SECRET)
    before = set(outside.outside(course, WORK))
    with outside.watching(WORK) as seen:
        places = {"@WORK@": WORK, "@COURSE@": course.root, "@HOME@": HOME, **seen.places}
        places["@PATTERNS@"] = outside.patterns(course)
        attacks.fill_in(WORK / "submitted", {mark: str(at) for mark, at in places.items()})
        neighbour = WORK / "submitted" / outside.FIRST / lab / f"{lab}.ipynb"
        honest = neighbour.read_bytes()
        _nbgrader("autograde", student, lab)
        ran = _page(student, lab) if _is_about_pages(student, lab) else []
    effects = outside.effects(WORK / "autograded" / student)
    effects += [*set(outside.outside(course, WORK)) - before, *seen.left, *seen.calls, *ran]
    if neighbour.read_bytes() != honest:
        effects.append("another student's notebook is changed")
    told: dict[str, Any] = {
        "gradebook": base64.b64encode((WORK / "gradebook.db").read_bytes()).decode(),
        "secrets": outside.leaks(course, lab, WORK, student),
        "effects": [one[:200] for one in effects],
    }
    print(json.dumps(told))


def _nbgrader(command: str, student: str, lab: str) -> None:
    nbgrader = [sys.executable, "-m", "nbgrader", command, lab, "--student", student]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(nbgrader, cwd=WORK, **quiet) as process:
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _is_about_pages(student: str, lab: str) -> bool:
    (family,) = (one.family for one in attacks.load(lab) if one.name == student)
    return family in ("costing", "misleading")


def _page(student: str, lab: str) -> list[str]:
    """What of the student's would run in the reader's browser, and whether the page has an end."""
    begun = time.monotonic()
    _nbgrader("generate_feedback", student, lab)
    late = time.monotonic() - begun > PAGE_SECONDS
    pages = (WORK / "feedback" / student).rglob("*.html")
    found = [one[:100] for path in pages for one in active(path.read_text()).found]
    return found + ["feedback takes more than a minute"] * late


if __name__ == "__main__":
    main()
