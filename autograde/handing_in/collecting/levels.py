"""How a source is laid out: by which names, and at which level students' own names stand."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import takewhile
from typing import Literal, get_args

from autograde.handing_in.collecting.archives import is_archive
from autograde.handing_in.collecting.bounds import Member
from autograde.handing_in.collecting.names import is_lab, is_labs_file, same
from autograde.handing_in.files import is_notebook

Format = Literal["moodle", "canvas", "exchange", "classroom", "folder"]
FORMATS: tuple[Format, ...] = get_args(Format)

MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d+)_assign(?:submission|feedback)_(?P<kind>[a-z]+)(?:_(?P<rest>.*))?"
)
CANVAS = re.compile(
    r"(?P<name>[^_].*?)_(?P<late>LATE_)?(?P<id>\d+|(?<=anon_)\w{5})_"
    r"(?:(?P<file>\d+)_(?P<rest>.+)|(?P<text>(?:text|link)\.html?))"
)
EXCHANGE = re.compile(r"(?P<user>[^+]+)\+(?P<lab>[^+]+)\+(?P<time>[^+]+)(?:\+[^+]+)?")
PATTERNS: dict[Format, re.Pattern[str]] = {
    "moodle": MOODLE, "exchange": EXCHANGE, "canvas": CANVAS,
}  # fmt: skip
MOST = 0.5  # of the names at the students' level, by which a layout is recognised


def recognised(members: Sequence[Member], lab: str) -> Format:
    """Which layout a source has: by most of the names at the students' level, not by what one of
    them handed in.
    """
    paths = [one.path for one in members]
    shares = {form: level_of(paths, pattern)[0] for form, pattern in PATTERNS.items()}
    best = max(shares, key=shares.__getitem__)
    if shares[best] >= MOST:
        return best
    if any(path[i : i + 2] == ("labs", lab) for path in paths for i in range(1, len(path) - 1)):
        return "classroom"
    return "folder"


def level_of(paths: Sequence[tuple[str, ...]], pattern: re.Pattern[str]) -> tuple[float, int]:
    """How many of the names at a level fit a pattern, and the level: the first, or below folders
    that stand around everything.
    """
    depth, best = 0, (0.0, 0)
    while heads := {path[depth] for path in paths if len(path) > depth}:
        share = sum(pattern.fullmatch(head) is not None for head in heads) / len(heads)
        best = max(best, (share, depth), key=lambda one: one[0])
        if len(heads) > 1 or share:
            break
        depth += 1
    return best


def lab_level(paths: Sequence[tuple[str, ...]], wrapped: int, lab: str) -> int:
    """At which level the lab's folders are, by most names at the students' level: right below them
    for those who have no such folder. 0 if nobody has one.
    """
    votes: dict[int, set[str]] = defaultdict(set)
    without = set[str]()
    for path in paths:
        found = (depth for depth, part in enumerate(path[:-1]) if depth and is_lab(part, lab))
        if depth := next(found, 0):
            votes[depth].add(path[min(wrapped, depth - 1)])
        elif len(path) > wrapped + 1 or is_notebook(path[-1]):
            without.add(path[min(wrapped, len(path) - 1)])
    if votes:
        votes[wrapped + 1] |= without - set[str]().union(*votes.values())
    return min(votes, key=lambda depth: (-len(votes[depth]), depth), default=0)


def wrapped_in(paths: Sequence[tuple[str, ...]], lab: str) -> int:
    """How many folders stand around the students'."""
    depth = 0
    while len({path[depth : depth + 1] for path in paths}) == 1:
        below = {path[depth + 1] for path in paths if len(path) > depth + 2}
        files = {path[depth + 1] for path in paths if len(path) == depth + 2}
        books = [one for one in files if is_notebook(one)]
        students = len(books) == 1 or any(is_labs_file(one, lab) for one in files)
        students |= not below and not books
        students |= bool(below) and all(is_lab(one, lab) or one == "labs" for one in below)
        if students or is_archive(paths[0][depth]):
            break
        depth += 1
    return depth


def prefix_of(heads: list[str], paths: Sequence[tuple[str, ...]], wrapped: int, lab: str) -> str:
    """What all clones' names begin with: the assignment's name and a dash."""
    around = {path[wrapped - 1] for path in paths} if wrapped else set()
    for one in around:
        name = one.removesuffix("-submissions") + "-"
        if all(head.startswith(name) for head in heads):
            return name
    pairs = zip(heads[0], heads[-1], strict=False) if len(heads) > 1 else ()  # they are sorted
    common = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    if "-" in common:
        return common[: common.rindex("-") + 1]
    for name in (lab, lab.replace("_", "-"), lab.split("_")[0]):
        if heads and all(same(head).startswith(f"{name}-") for head in heads):
            return heads[0][: len(name) + 1]
    return ""
