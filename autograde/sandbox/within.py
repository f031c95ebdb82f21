"""Runs inside the walls of :mod:`autograde.sandbox.foreign`: sets what only there can be set, and
becomes the command. ``python within.py PROCESSES WORDS``.
"""

from __future__ import annotations

import os
import resource
import sys


def main() -> None:
    """Bound the number of processes, which the kernel counts by user namespace, and go on."""
    processes, *words = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    least = int(processes) if hard == resource.RLIM_INFINITY else min(int(processes), hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (least, least))
    os.execv(sys.executable, [sys.executable, "-s", "-P", "-m", "autograde", *words])


if __name__ == "__main__":
    main()
