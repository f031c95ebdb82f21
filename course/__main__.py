"""``python -m course``: what a student does in a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

NEEDS_A_HAND = 1
BY_LAB = ("handin", "points", "overview")  # commands that take a lab


class Parser(argparse.ArgumentParser):
    """Says in one line what was typed wrongly, and what to type."""

    def error(self, message: str) -> NoReturn:
        """End with it."""
        example = (
            f"{self.prog} lab04" if self.prog.endswith(BY_LAB) else "python -m course handin lab04"
        )
        told = f"{self.prog}: {message}. Try `{example}`; `{self.prog} --help` shows what it takes."
        self.exit(2, f"{told}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; 0 if all is well, 1 if something is to do."""
    parser = Parser("python -m course", description="The course, for students.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="open the labs in JupyterLab, at the start page")
    start.add_argument("options", nargs="*", help="for JupyterLab, after --: -- --ip=0.0.0.0")
    handin = commands.add_parser("handin", help="look at a notebook and pack it to hand in")
    handin.add_argument("lab", help="lab04, or the notebook's file")
    handin.add_argument("--run", action="store_true", help="also run it in a fresh kernel")
    handin.add_argument("--only-look", action="store_true", help="leave the notebook's file as is")
    points = commands.add_parser("points", help="run the labs' checks anew, and add the points up")
    points.add_argument("labs", nargs="*", help="lab04 …; by default all that are here")
    overview = commands.add_parser("overview", help="points so far, and what is open")
    overview.add_argument("lab", help="lab04, or the notebook's file")
    commands.add_parser("preflight", help="is this machine ready?")
    given = parser.parse_args(arguments)
    try:
        return int(globals()[f"_{given.command}"](given))
    except (LookupError, FileNotFoundError) as error:
        print(f"python -m course {given.command}: {error.args[0]}", file=sys.stderr)
        return NEEDS_A_HAND


def _start(given: argparse.Namespace) -> int:
    from course import welcome

    return welcome.open_labs(given.options)


def _handin(given: argparse.Namespace) -> int:
    from course import handin

    path, lab = handin.notebook_of(given.lab)
    report = handin.from_file(path, lab, run=given.run, write=not given.only_look)
    print(report)
    return 0 if report.ready and report.archive else NEEDS_A_HAND


def _points(given: argparse.Namespace) -> int:
    from course.handin import points

    return points.tell(points.of_labs(given.labs))


def _overview(given: argparse.Namespace) -> int:
    import json

    from course import handin
    from course.progress import facts
    from course.progress.table import of

    path, lab = handin.notebook_of(given.lab)
    print(of(facts(lab), json.loads(path.read_text(encoding="utf-8")), {}))
    return 0


def _preflight(given: argparse.Namespace) -> int:
    from course import preflight

    report = preflight.run()
    print(report)
    return 0 if report.ready else NEEDS_A_HAND


if __name__ == "__main__":
    sys.exit(main())
