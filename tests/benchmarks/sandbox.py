"""What the sandbox costs: the start, and for each student fork, walls, shell and teardown.

Run as ``python tests/benchmarks/sandbox.py [--students 40] [--isolation full|none]``. Overhead is
wall time outside of cells; memory is what a student's process holds beyond the pages that it
shares with the warm one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from autograde.sandbox import Session, Warm

CELLS = (
    "import matplotlib.pyplot as plt\nimport torch\nfrom torch import nn",
    "def sigmoid(x):\n    return 1 / (1 + torch.exp(-x))",
    "x = torch.linspace(-5, 5, 200, requires_grad=True)\nsigmoid(x).sum().backward()\nx.grad.max()",
    "net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 26 * 26, 10))\n"
    "net(torch.rand(32, 1, 28, 28)).sum().backward()",
)


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that ``action`` takes."""
    start = time.perf_counter()
    action()
    return 1e3 * (time.perf_counter() - start)


def private_memory(pid: int) -> float:
    """MB that a process shares with nobody."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    private = ("Private_Clean:", "Private_Dirty:")
    return sum(int(line.split()[1]) for line in lines if line.startswith(private)) / 1e3


def processor_time(pid: int) -> float:
    """Milliseconds of processor time of a process and of its children that ended."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1e3 * sum(int(ticks) for ticks in after_name[11:15]) / os.sysconf("SC_CLK_TCK")


def parent(pid: int) -> int:
    """The parent of a process; of a student's, the warm one."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def idle(warm: Warm, students: int) -> float:
    """Milliseconds of processor time of a student who does nothing. Others' load hardly shows."""
    with warm.session() as session:
        server = parent(session.pid)
    before = processor_time(server)
    for _ in range(students):
        warm.session().close()
    return (processor_time(server) - before) / students


def one(warm: Warm) -> dict[str, float]:
    """One student, from birth to death."""
    born: list[Session] = []
    row = {"fork, walls": timed(lambda: born.append(warm.session()))}
    session = born[0]
    row["empty cell"] = timed(lambda: session.run("pass"))
    row["memory, new (MB)"] = private_memory(session.pid)
    row["four cells"] = timed(lambda: [session.run(source) for source in CELLS])
    row["memory, after (MB)"] = private_memory(session.pid)
    row["teardown"] = timed(session.close)
    row["overhead"] = row["fork, walls"] + row["empty cell"] + row["teardown"]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--isolation", choices=["full", "none"], default="full")
    options = parser.parse_args()
    begun = time.perf_counter()
    with Warm(isolation=options.isolation) as warm:
        print(f"start {time.perf_counter() - begun:.1f} s")
        rows = [one(warm) for _ in range(options.students)]
        processor = idle(warm, options.students)
    print(f"{options.students} students, isolation {options.isolation}; medians and 90 % (ms)")
    print(f"{'processor time, idle':20} {processor:7.1f}")
    for name in rows[0]:
        values = sorted(row[name] for row in rows)
        print(f"{name:20} {statistics.median(values):7.1f} {values[int(0.9 * len(values))]:7.1f}")


if __name__ == "__main__":
    main()
