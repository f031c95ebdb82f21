"""Isolation "user": what a student's process can do to the one that made it, with Landlock and as
where the kernel has none.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autograde.sandbox import clearing

ROOT = Path(__file__).parents[3]
PYTHON = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"

GRADER = """
import sys
from autograde.sandbox import Limits, Warm, launch
if sys.argv[1] == "without":
    copied = launch.copy_library
    def copy(folder):
        copied(folder)
        with (folder / "autograde/sandbox/kernel.py").open("a") as file:
            file.write("\\n\\ndef landlock_version():\\n    return 0\\n")
    launch.copy_library = copy
source, after = sys.stdin.read().split("# then")
with Warm(Limits(memory=512 << 20), isolation="user", preload=[]) as warm:
    with warm.session() as session:
        done = session.run(source, timeout=30)
        from autograde.sandbox.watch import family
        print(done.status, "".join(one.get("text", "") for one in done.outputs).strip())
        print(len(family(session.pid)))
    with warm.session() as session:
        done = session.run(after, timeout=30)
        print(f"{done.status} {''.join(one.get('text', '') for one in done.outputs)}".strip())
"""

TRIED = """
import os, resource, signal
maker = os.getppid()
home = os.path.dirname(os.path.dirname(os.getcwd()))
got = []
for name, work in {
    "stop": lambda: os.kill(maker, signal.SIGSTOP),
    "limit": lambda: resource.prlimit(maker, resource.RLIMIT_NOFILE, (3, 3)),
    "slow": lambda: os.setpriority(os.PRIO_PROCESS, maker, 19),
    "pin": lambda: os.sched_setaffinity(maker, {min(os.sched_getaffinity(0))}),
    "open": lambda: os.chmod(home, 0o777),
    "move": lambda: os.rename(home, home + "x"),
    "list": lambda: os.listdir(home),
    "plant": lambda: os.mkdir(os.path.join(home, "home")),
    "root": lambda: os.setuid(0),
    "maker": lambda: os.setuid(os.getuid() - 10_000),
    "spare": lambda: open("/proc/self/oom_score_adj", "w").write("-1000"),
    "kill": lambda: os.kill(maker, signal.SIGKILL),
}.items():
    try:
        work()
        got.append(name)
    except OSError:
        pass
print(got)
"""

ORPHAN = """
import ctypes, os, time
ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)  # whose orphans come to its parent
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
os.wait()
print("left")
"""


DEEP = """
import os
for _ in range(5000):
    os.mkdir("d"); os.chdir("d")
print("deep")
"""

SWAPPER = """
import ctypes, os, time
for n in range(12):
    os.mkdir(f"d{n}"); os.mkfifo(f"p{n}")
home = os.getcwd().encode()
if os.fork() == 0:
    os.setsid()
    libc, until = ctypes.CDLL(None), time.time() + 20
    while time.time() < until:
        for n in range(12):
            libc.renameat2(-100, home + b"/d%d" % n, -100, home + b"/p%d" % n, 2)
    os._exit(0)
print("swaps")
"""

LEAVES = """
import os
for place in ("/tmp", "/dev/shm"):
    with open(place + "/left-by-a-student", "w") as file:
        file.write("seen before")
    os.chmod(place + "/left-by-a-student", 0o666)
print("written")
"""

FINDS = """
import os
print([p for p in ("/tmp", "/dev/shm") if os.path.exists(p + "/left-by-a-student")])
"""

SHUTS = """
import os
for place in ("/tmp", "/dev/shm", "/var/tmp", "/run/lock", "."):
    try:
        os.mkdir(place + "/left-by-a-student")
    except OSError:
        continue  # where Landlock is, not everywhere
    with open(place + "/left-by-a-student/x", "w") as file:
        file.write("seen before")
    os.chmod(place + "/left-by-a-student", 0)
print("shut")
"""

OPENS = """
import os
found = []
for place in ("/tmp", "/dev/shm", "/var/tmp", "/run/lock"):
    try:
        os.chmod(place + "/left-by-a-student", 0o700)
        found.append(open(place + "/left-by-a-student/x").read())
    except OSError:
        pass
print(found)
"""


def works() -> bool:
    """Whether there is a Python that a stranger can start, of this version."""
    return Path(PYTHON).exists() and os.getuid() == 0 and sys.platform == "linux"


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not works(), reason="needs root, and a Python where others may read it"),
]
both = pytest.mark.parametrize("landlock", ["with", "without"])


def graded(source: str, landlock: str, after: str = "1") -> list[str]:
    """What a cell printed, how many processes are watched, and how the next session went."""
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("-packages"))]
    done = subprocess.run(
        [PYTHON, "-s", "-P", "-c", GRADER, landlock],
        input=f"{source}\n# then\n{after}",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@both
def test_a_student_can_neither_stop_nor_hamper_the_process_that_made_theirs(landlock: str) -> None:
    assert graded(TRIED, landlock) == ["ok []", "1", "ok"]


@both
def test_what_a_student_leaves_running_is_watched_and_then_gone(landlock: str) -> None:
    before = set(strangers())
    assert graded(ORPHAN, landlock) == ["ok left", "2", "ok"]
    assert set(strangers()) <= before


@both
@pytest.mark.parametrize(
    ("left", "told"), [(DEEP, "ok deep"), (SWAPPER, "ok swaps")], ids=["deep", "swaps"]
)
def test_nothing_that_is_left_in_a_folder_stops_who_clears_it(
    landlock: str, left: str, told: str
) -> None:
    before, folders, begun = set(strangers()), set(sandboxes()), time.monotonic()
    found = graded(left, landlock)
    assert (found[0], found[2]) == (told, "ok")
    assert time.monotonic() - begun < 30
    assert set(strangers()) <= before
    assert set(sandboxes()) <= folders


@both
def test_a_session_finds_nothing_that_the_last_one_left(landlock: str) -> None:
    assert graded(LEAVES, landlock, FINDS) == ["ok written", "1", "ok []"]


@both
def test_a_session_finds_nothing_that_the_last_one_shut(landlock: str) -> None:
    assert graded(SHUTS, landlock, OPENS) == ["ok shut", "1", "ok []"]
    left = [Path(place).glob(".gone-*") for place in clearing.SHARED]
    assert not [one for found in left for one in found if 40_000 <= one.lstat().st_uid < 60_000]


def test_what_takes_too_long_to_delete_is_out_of_reach_and_goes_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "SECONDS", 0.0)
    user, place = 59_999, tmp_path / "tmp"
    place.mkdir()
    session, left, mine = tmp_path / "session", place / "left", place / "mine"
    for folder in (session, left, mine):
        folder.mkdir()
        for number in range(2000):
            (folder / f"{number}").touch()
    for folder in (session, left):
        os.chown(folder, user, user)
        os.chown(folder / "1", user, user)
    clearing.empty(session, user, [str(place)])
    assert not session.exists()
    assert mine.exists()
    assert left not in (seen := list(place.iterdir()))
    assert all(one == mine or one.stat().st_mode & 0o777 == 0o700 for one in seen)
    os.chown(session.parent, os.getuid(), os.getgid())
    clearing.sweep_up({user, os.getuid()}, [str(place)])
    assert list(tmp_path.rglob("left")) == []


def sandboxes() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("sandbox-*"))


def strangers() -> list[str]:
    """Processes of users that nobody is."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            owner = (place / "status").read_text().partition("Uid:")[2].split()[0]
        except OSError:
            continue
        if 40_000 <= int(owner) < 60_000:
            found.append(place.name)
    return found
