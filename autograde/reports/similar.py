"""Notebooks whose code is alike where the class differs: evidence for a person, never a verdict.

What the released notebook or the reference has, or more than half of the class, counts for nothing;
what few have is evidence. An index from fragments (:mod:`autograde.reports.winnowing`) to notebooks
finds the pairs, so that a class costs little more than reading it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path

from autograde.authoring.source import ANSWER
from autograde.errors import DesignedError
from autograde.handing_in import files, roster
from autograde.handing_in.normalise import Limits
from autograde.handing_in.normalise.parse import StudentCell, Unreadable, parse
from autograde.marking.evidence import LONGEST_BOOK
from autograde.reports.winnowing import bound, defined, fragments, tree_of

LEAST = 10  # rare fragments that two notebooks share, at least
LEAST_HERE = 4  # of them in an exercise that counts
SHARE = 0.75  # of what is not common in an exercise, from which it counts
RARE = 3  # notebooks that may have a fragment that is rare; in a large class, one in
ONE_IN = 20
ALL_PAIRS = 12  # notebooks up to which each is compared with each, else with its neighbours
OWN = "own cells"
EXCERPT = 24  # lines shown
WIDE = 120  # characters of one


@dataclass(frozen=True)
class Spot:
    """Where a fragment is: the cell's place in the notebook, and lines."""

    cell: int
    first: int
    last: int


@dataclass(frozen=True)
class Work:
    """One notebook.

    Attributes:
        student: the folder's name.
        earlier: the folder of an earlier class; empty in this one.
        cells: exercise, or :data:`OWN`, and source of what the student wrote.
        prints: where each fragment is.
        unread: how many cells were too long, or no Python.
    """

    student: str
    earlier: str
    cells: tuple[tuple[str, str], ...]
    prints: Mapping[int, Spot]
    unread: int = 0

    def place(self, fragment: int) -> str:
        """The exercise that a fragment is in, or :data:`OWN`."""
        return self.cells[self.prints[fragment].cell][0]


@dataclass(frozen=True)
class Alike:
    """An exercise in which two notebooks are alike; one of each one's pieces, to look at."""

    place: str
    shared: int
    of: int
    excerpts: tuple[str, str]


@dataclass(frozen=True)
class Pair:
    """Two notebooks that are alike: ``shared`` rare fragments, in these exercises."""

    students: tuple[str, str]
    shared: int
    places: tuple[Alike, ...]


@dataclass(frozen=True)
class Cluster:
    """Notebooks that hang together by pairs, the strongest first."""

    students: tuple[str, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Similar:
    """What was compared and found.

    Attributes:
        compared: notebooks of this class.
        earlier: of earlier ones.
        clusters: the strongest first.
        unread: cells that were not read, by student.
    """

    compared: int = 0
    earlier: int = 0
    clusters: tuple[Cluster, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)


def search(folder: Path, lab: str, given: Iterable[bytes], earlier: Iterable[Path] = ()) -> Similar:
    """Compare a class's notebooks with each other, and with those of earlier classes.

    Args:
        folder: where ``STUDENT/LAB/LAB.ipynb`` lie.
        lab: the lab's name.
        given: notebooks that everybody may have code of: the released one, the reference's.
        earlier: folders like ``folder``.

    Raises:
        DesignedError: a folder of earlier has no notebook of this lab.
    """
    known = Known.of(given)
    works = [work for work in read(folder, lab, known) if work.cells]
    before = []
    for place in earlier:
        found = list(read(place, lab, known, "/".join(place.resolve().parts[-2:])))
        if not found:
            raise DesignedError(
                f"--earlier {place}: expected STUDENT/{lab}/{lab}.ipynb in it, found none. Name "
                "the folder that holds the students' folders: submitted/ or autograded/."
            )
        before += found
    unread = {work.student: work.unread for work in works if work.unread}
    return Similar(len(works), len(before), tuple(clusters([*works, *before], known)), unread)


@dataclass(frozen=True)
class Known:
    """What everybody has: cells, names that the notebook defines, fragments."""

    cells: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    prints: frozenset[int] = frozenset()

    @classmethod
    def of(cls, given: Iterable[bytes]) -> Known:
        """Of the notebooks that everybody may have code of."""
        sources = [cell.source for data in given for cell in _code(data)]
        trees = [tree for source in sources if (tree := tree_of(source))]
        names = {name for tree in trees for name in defined(tree)}
        own = frozenset().union(*map(bound, trees)) - names
        prints = {one for tree in trees for one, _, _ in fragments(tree, own)}
        return cls(frozenset(map(str.strip, sources)), frozenset(names), frozenset(prints))


def read(folder: Path, lab: str, known: Known, earlier: str = "") -> Iterator[Work]:
    """The notebooks of a class; what is none, or no plain file, is left out."""
    if not folder.is_dir():
        return
    limits = Limits()
    for student in roster.students(folder):
        try:
            with (
                files.opened_folder(folder / student, None) as outer,
                files.opened_folder(Path(lab), outer) as inner,
            ):
                data = files.content(inner, f"{lab}.ipynb", limits.max_bytes)
            yield work(student, _code(data), known, earlier)
        except (files.Refused, Unreadable, FileNotFoundError):
            continue


def work(student: str, code: Iterable[StudentCell], known: Known, earlier: str = "") -> Work:
    """A notebook's fragments, of what is not as it was handed out."""
    cells: list[tuple[str, str]] = []
    trees: list[ast.Module | None] = []
    left = LONGEST_BOOK
    for cell in code:
        if cell.source.strip() not in known.cells:
            left -= len(cell.source)
            cells.append((_place(cell.grade_id), cell.source))
            trees.append(tree_of(cell.source) if left >= 0 else None)
    own = frozenset().union(*(bound(tree) for tree in trees if tree)) - known.names
    prints: dict[int, Spot] = {}
    for number, tree in enumerate(trees):
        for one, first, last in fragments(tree, own) if tree else ():
            prints.setdefault(one, Spot(number, first, last))
    return Work(student, earlier, tuple(cells), prints, trees.count(None))


def _code(data: bytes) -> list[StudentCell]:
    cells = parse(data, Limits()).cells
    return [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]


def _place(grade_id: str) -> str:
    ending = ANSWER.format("")
    return grade_id.removesuffix(ending) if grade_id.endswith(ending) else OWN


# From fragments to clusters -------------------------------------------------------------------


def clusters(works: list[Work], known: Known) -> list[Cluster]:
    """Notebooks that are alike, the strongest clusters first; earlier ones alone are none."""
    have = Counter(one for work in works for one in work.prints.keys() - known.prints)
    uncommon = {one for one, count in have.items() if count <= len(works) // 2}
    rarest = min(max(RARE, len(works) // ONE_IN), len(works) // 2)
    rare = {one for one in uncommon if 2 <= have[one] <= rarest}
    group = list(
        range(len(works))
    )  # each notebook points to one of its cluster, the first to itself
    found: list[tuple[int, Pair]] = []
    for (a, b), count in _candidates(works, rare).items():
        pair = _pair(works[a], works[b], rare, uncommon) if count >= LEAST else None
        if pair:
            found.append((a, pair))
            first, second = sorted((_first(group, a), _first(group, b)))
            group[second] = first
    members: dict[int, list[str]] = {}
    for number, one in enumerate(works):
        members.setdefault(_first(group, number), []).append(_label(one))
    pairs: dict[int, list[Pair]] = {}
    for a, pair in sorted(found, key=lambda one: (-one[1].shared, one[1].students)):
        pairs.setdefault(_first(group, a), []).append(pair)
    return [Cluster(tuple(members[one]), tuple(some)) for one, some in pairs.items()]


def _first(group: list[int], number: int) -> int:
    while group[number] != number:
        group[number] = number = group[group[number]]
    return number


def _candidates(works: list[Work], rare: Set[int]) -> Counter[tuple[int, int]]:
    holders: dict[int, list[int]] = {}
    for number, one in enumerate(works):
        for each in one.prints.keys() & rare:
            holders.setdefault(each, []).append(number)
    counts: Counter[tuple[int, int]] = Counter()
    for some in holders.values():
        counts.update(combinations(some, 2) if len(some) <= ALL_PAIRS else pairwise(some))
    return Counter({pair: n for pair, n in counts.items() if not works[pair[0]].earlier})


def _pair(a: Work, b: Work, rare: Set[int], uncommon: Set[int]) -> Pair | None:
    """The pair, if enough is alike in exercises that are alike: as one of the two has them, since
    a copy may have more in it, or have it elsewhere.
    """
    sides = [_alike(a, b, rare, uncommon, False), _alike(b, a, rare, uncommon, True)]
    places = max(sides, key=lambda side: sum(one.shared for one in side))
    shared = sum(one.shared for one in places)
    return Pair((_label(a), _label(b)), shared, tuple(places)) if shared >= LEAST else None


def _alike(one: Work, other: Work, rare: Set[int], uncommon: Set[int], turned: bool) -> list[Alike]:
    places: dict[str, list[int]] = {}
    for each in one.prints.keys() & other.prints.keys() & rare:
        places.setdefault(one.place(each), []).append(each)
    whole = Counter(one.place(each) for each in one.prints.keys() & uncommon)
    found = []
    for place, shared in places.items():
        if len(shared) >= max(LEAST_HERE, SHARE * whole[place]):
            excerpts = (_excerpt(one, shared), _excerpt(other, shared))
            excerpts = (excerpts[1], excerpts[0]) if turned else excerpts
            found.append(Alike(place, len(shared), whole[place], excerpts))
    return sorted(found, key=lambda alike: (-alike.shared, alike.place))


def _excerpt(one: Work, shared: Iterable[int]) -> str:
    """The lines of the cell that has most of it."""
    spots = [one.prints[each] for each in shared]
    cell = Counter(spot.cell for spot in spots).most_common(1)[0][0]
    first = min(spot.first for spot in spots if spot.cell == cell)
    last = max(spot.last for spot in spots if spot.cell == cell)
    lines = one.cells[cell][1].split("\n")[first - 1 : last]
    more = ["…"] if len(lines) > EXCERPT else []
    return "\n".join([*(line[:WIDE] for line in lines[:EXCERPT]), *more])


def _label(one: Work) -> str:
    return f"{one.student} (earlier: {one.earlier})" if one.earlier else one.student
