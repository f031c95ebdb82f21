"""The README's table of labs, from the lab sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from autograde.authoring import build
from autograde.tree import Tree
from autograde.wording import counted

BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
HEAD = "| lab | what is in it | |\n|---|---|---|\n"
PLACE = re.compile(r"(<!-- labs -->\n).*?(<!-- /labs -->)", re.DOTALL)


def updated(text: str, tree: Tree) -> str:
    """The README with a row a lab: number, title, exercises, Colab badge."""
    rows = table(tree, tree.lab_names(), build.links(tree).colab)
    return PLACE.sub(lambda place: place[1] + rows + place[2], text)


def table(tree: Tree, labs: Iterable[str], colab: Callable[[str], str] | None) -> str:
    """A row a lab; ``colab`` gives the address that opens it there, if any does."""
    return HEAD + "".join(_row(tree, lab, colab(lab) if colab else "") for lab in labs)


def _row(tree: Tree, lab: str, colab: str) -> str:
    source = build.parse(tree, lab)
    work = f"{counted(len(source.exercises), 'exercise')}, {source.took}"
    badge = f"[![Open in Colab]({BADGE})]({colab})" if colab else ""
    return f"| [{source.number} · {source.title}](labs/{lab}/{lab}.ipynb) | {work} | {badge} |\n"
