"""The adversarial class: every attack of ``tests/hostile/``, by lab and family.

``tests/hostile/LAB/FAMILY/NAME--OUTCOME.py`` is a sample submission whose file name says what
it must get, see :mod:`autograde.authoring.samples`. Attacks by the file itself are functions of
:mod:`tests.autograde.marking.tricks`. In an attack's text ``@WORK@``, ``@COURSE@``, ``@HOME@``,
``@PORT@``, ``@UDP@`` and ``@PIDS@`` stand for where things lie: not knowing must not be what
stops it. An attack prints ``got: [...]`` with what it got hold of and must not have; what it reads
it prints, and canaries tell whether that was a secret.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograde.authoring import samples
from autograde.authoring.samples import Sample
from autograde.tree import Tree
from tests.autograde.marking.tricks import TRICKS

HOSTILE = Path(__file__).parents[2] / "hostile"
FAMILIES = (
    "forging",
    "reading",
    "patching",
    "escaping",
    "exhausting",
    "poisoning",
    "misleading",
    "blinding",
    "costing",
)
WANTED = "HOSTILE"
"""The environment's variable that says how many: ``all``, or one in so many."""

EVERY = 9
LARGEST = 100 << 20  # bytes of a notebook that is told where things lie


@dataclass(frozen=True)
class Attack:
    """One hostile submission.

    Attributes:
        lab: that it is handed in for.
        family: what it is after.
        sample: what must come out.
        make: writes it into a folder, from an honest notebook's bytes; without it the sample's own
            file is handed in.
    """

    lab: str
    family: str
    sample: Sample
    make: Callable[[Path, bytes], None] | None = None

    @property
    def name(self) -> str:
        """The student's name, too."""
        return self.sample.name


def load(lab: str) -> list[Attack]:
    """All attacks on a lab, by family and name."""
    found = [
        Attack(lab, family, sample)
        for family in FAMILIES
        for sample in samples.load(HOSTILE / lab / family)
    ]
    for trick in TRICKS:
        if trick.lab == lab:
            sample = Sample(
                trick.name, trick.outcome, Path(), points=trick.points, flags=trick.flags
            )
            found.append(Attack(lab, trick.family, sample, trick.make))
    return sorted(found, key=lambda one: (FAMILIES.index(one.family), one.name))


def chosen(attacks: list[Attack], wanted: str | None = None) -> list[Attack]:
    """All, or evenly one in so many."""
    wanted = wanted or os.environ.get(WANTED, str(EVERY))
    return attacks if wanted == "all" else attacks[:: int(wanted)]


def hand_in(attacks: Iterable[Attack], tree: Tree, lab: str, folder: Path) -> None:
    """Write each attack as ``folder/NAME/LAB/``."""
    attacks = list(attacks)
    samples.hand_in([one.sample for one in attacks if not one.make], tree, lab, folder)
    (reference,) = (one for one in samples.load(tree.samples(lab)) if one.name == "reference")
    samples.hand_in([reference], tree, lab, folder.parent / "honest")
    honest = (folder.parent / "honest" / "reference" / lab / f"{lab}.ipynb").read_bytes()
    for one in attacks:
        if one.make:
            home = folder / one.name / lab
            home.mkdir(parents=True)
            one.make(home, honest)


def fill_in(folder: Path, places: dict[str, str]) -> None:
    """Tell the attackers where things lie: not knowing must not be what stops them."""
    for path in notebooks(folder):
        text = path.read_bytes()
        for mark, place in places.items():
            text = text.replace(mark.encode(), json.dumps(place)[1:-1].encode())
        path.write_bytes(text)


def notebooks(folder: Path) -> Iterator[Path]:
    """Plain notebooks of students' folders."""
    for path in folder.glob("*/*/*.ipynb"):
        linked = path.is_symlink() or path.parent.is_symlink()
        if path.is_file() and not linked and path.stat().st_size < LARGEST:
            yield path
