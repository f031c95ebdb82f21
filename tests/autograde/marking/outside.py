"""What came of attacks outside their own process: secrets, files, processes, packets.

Nothing here imports the engine: a container that runs stock nbgrader looks by it, too.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from autograde.tree import Tree

CANARY = "GRADER_CANARY"
SECRET = "the grader's own: damson"
NEIGHBOURS = "the answers of somebody else: quince"
FIRST, LAST = "aa-honest", "zz-honest"
GOT = re.compile(r"^got: (.*)$", re.MULTILINE)
SUBREAPER = 36


def secrets(tree: Tree) -> list[str]:
    """Texts that no attacker may have."""
    return [SECRET, NEIGHBOURS, (tree.solutions / "seed.txt").read_text().strip()]


def patterns(tree: Tree) -> list[tuple[str, str]]:
    """The secrets, in two parts each: whoever looks for them is not to find itself."""
    return [(text[:-1], text[-1]) for text in secrets(tree)]


def leaks(tree: Tree, lab: str, work: Path, student: str) -> list[str]:
    """Secrets in anything that is written of a student."""
    places = [
        *(work / "autograded" / student).rglob("*"),
        *(work / "feedback" / student).rglob("*"),
    ]
    texts = [path.read_text(errors="replace") for path in places if path.is_file()]
    with contextlib.suppress(FileNotFoundError):
        journal = (work / "journal" / f"{lab}.jsonl").read_text().splitlines()
        texts += [line for line in journal if json.dumps(student) in line[:500]]
    return [one for one in secrets(tree) if any(one in text for text in texts)]


def effects(folder: Path) -> list[str]:
    """What an attacker's notebook says that it got."""
    found: list[str] = []
    for path in folder.rglob("*.ipynb"):
        with contextlib.suppress(Exception):
            book = nbformat.read(path, as_version=4)
            outputs = [one for cell in book.cells for one in cell.get("outputs", ())]
            text = "".join(one.text for one in outputs if one.output_type == "stream")
            found += [got for got in GOT.findall(text) if got.strip() not in ("[]", "")]
    return found


def outside(tree: Tree, work: Path) -> Iterator[str]:
    """Whatever an attacker's mark is on, outside the walls."""
    folders = [work, *work.parents[:2], tree.root, Path.home(), sysconfig.get_paths()["purelib"]]
    folders += ["/", "/etc", "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue", sys.prefix]
    for folder in dict.fromkeys(map(str, folders)):
        with contextlib.suppress(OSError):
            yield from (f"{folder}/{name}" for name in os.listdir(folder) if "quince" in name)
    for kind in ("shm", "msg", "sem"):
        with contextlib.suppress(OSError):
            table = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()
            yield from (line.strip() for line in table if "20942" in line)
    for line in Path("/proc/net/unix").read_text(errors="replace").splitlines():
        if "quince" in line and "listener" not in line:
            yield line.strip()


@dataclass
class Seen:
    """What was seen from outside while a class was graded."""

    places: dict[str, object]
    calls: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@contextlib.contextmanager
def watching(work: Path) -> Iterator[Seen]:
    """Listeners that nothing may reach, a process that nothing may signal, and a count of those
    that were left behind: orphans come to this process.
    """
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(one) for one in _listeners(work)]
        ports = [one.getsockname()[1] for one in listeners[:2]]
        bystander = subprocess.Popen(["sleep", "900"])
        stack.callback(_end, bystander)
        ctypes.CDLL(None).prctl(SUBREAPER, 1)
        stack.callback(ctypes.CDLL(None).prctl, SUBREAPER, 0)
        before = set(descendants())
        pids = f"{os.getpid()}, {bystander.pid}"
        seen = Seen({"@PORT@": ports[0], "@UDP@": ports[1], "@PIDS@": pids})
        yield seen
        seen.calls += [str(one) for one in listeners if _reached(one)]
        if bystander.poll() is not None:
            seen.left.append("the bystander was killed")
        time.sleep(0.5)  # what was killed needs a moment to be gone
        seen.left += [_about(pid) for pid in descendants() if pid not in before]


def _listeners(work: Path) -> Iterator[socket.socket]:
    tcp = socket.socket()
    tcp.bind(("127.0.0.1", 0))
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0quince-listener-{tcp.getsockname()[1]}")
    named = socket.socket(socket.AF_UNIX)
    here = os.open(work, os.O_RDONLY)
    named.bind(f"/proc/self/fd/{here}/listener")
    os.close(here)
    for one in (tcp, udp, abstract, named):
        if one is not udp:
            one.listen()
        one.setblocking(False)
        yield one


def _reached(listener: socket.socket) -> bool:
    try:
        listener.recv(1) if listener.type == socket.SOCK_DGRAM else listener.accept()
    except BlockingIOError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def descendants() -> Iterator[int]:
    """Living processes that come from this one."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(path.parent.name)] = int(parent)
    for pid in parents:
        above = pid
        while above in parents and (above := parents[above]) != os.getpid():
            pass
        if above == os.getpid():
            yield pid


def _about(pid: int) -> str:
    with contextlib.suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        return f"{pid} {line.decode(errors='replace')}"
    return str(pid)
