"""What a check's panel says besides its cases: own work, what grading adds, how to repeat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import torch

from course.checks.own import plain_name

SHORT = {"torch.nn.functional": "F", "torch.nn": "nn", "torch.nn.modules": "nn"}
HOMES = {"torch": torch, "torch.nn.functional": torch.nn.functional}
MISSING = re.compile(r"`(\w+)`[^`]* is not written yet, and this answer uses it")
MOST = 3  # names that are told


def own_work(used: Iterable[str], calls: Iterable[str]) -> str:
    """That an answer is made with what its exercise forbids; empty where it is not.

    Args:
        used: full names in the answer's text.
        calls: names of functions that ran.
    """
    names = list(dict.fromkeys(map(_short, used)))
    known = {plain_name(name.rpartition(".")[2]) for name in names}
    names += [f"{call}()" for call in calls if plain_name(call) not in known]
    if not names:
        return ""
    listed = " and ".join(f"`{name}`" for name in names[:MOST])
    return (
        f"Your answer uses {listed}, which this exercise asks you to write yourself. No point is "
        "lost by that; a person will look at it."
    )


def meanwhile(told: Iterable[str], forbidden: Mapping[str, Iterable[str]]) -> str:
    """What may stand for pieces that are not written yet; empty where nothing does.

    torch's own function of a piece's name does, where the piece asks to be written without it: as
    an answer it would be told to a person.

    Args:
        told: why cases failed.
        forbidden: what other exercises forbid, plain names, by the name that they ask for.
    """
    missing = dict.fromkeys(one[1] for one in map(MISSING.match, told) if one)
    stands = {
        name: _torchs(name) for name in missing if plain_name(name) in forbidden.get(name, ())
    }
    lines = " and ".join(f"`{name} = {full}`" for name, full in stands.items() if full)
    if not lines:
        return ""
    return f"To go on meanwhile, run {lines} in a new cell, and take it out when yours is written."


def grading(more: int, share: float) -> str:
    """What grading tries beside a visible check's cases.

    Args:
        more: how many cases it adds.
        share: of the points that they count.
    """
    if not more:
        return "Grading tries the same on other inputs."
    cases = f"{more} more cases that count" if more > 1 else "1 more case that counts"
    return f"Grading tries the same on other inputs, and {cases} {100 * share:.0f} % of the points."


def repeating(name: str) -> str:
    """How a student tries one case alone."""
    return (
        f'`check.again("{name}", n)` tries case n again and shows the whole error; '
        f'`args, kwargs = check.inputs("{name}", n)` are what it gives to your code.'
    )


def pasted(name: str, number: int, uses: Sequence[str]) -> str:
    """Code that makes the first call of a case, whatever its inputs are."""
    called = f"; {uses[0]}(*args, **kwargs)" if len(uses) == 1 else ""
    return f'args, kwargs = check.inputs("{name}", {number}){called}'


def before_setup(missing: Sequence[str]) -> str:
    """That the notebook's setup cell comes first.

    Args:
        missing: names that it makes.
    """
    listed = ", ".join(f"`{name}`" for name in missing[:MOST])
    more = f" and {len(missing) - MOST} more" if len(missing) > MOST else ""
    are = "are" if len(missing) > 1 else "is"
    return (
        f"Run the setup cell first. It stands near the top and has the imports; {listed}{more} "
        f"{are} not defined in this kernel. Then run your answer's cell, then this check. All in "
        "one go: click this cell and choose Run, Run All Above Selected Cell."
    )


def _torchs(name: str) -> str:
    return next((f"{home}.{name}" for home, where in HOMES.items() if hasattr(where, name)), "")


def _short(name: str) -> str:
    holder, _, last = name.rpartition(".")
    home = next((short for long, short in SHORT.items() if holder == long), "")
    if holder.startswith("torch.nn.modules"):
        home = "nn"
    return f"{home}.{last}" if home else name
