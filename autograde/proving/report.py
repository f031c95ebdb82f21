"""How proofs read: a table, then every finding with what it needs to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from typing import Any

from rich.markup import escape
from rich.table import Table

from autograde.proving import equivalents, verdicts
from autograde.proving.mutants import Mutant
from autograde.proving.proof import Kind, Proof, Result
from autograde.proving.verdicts import NO_GRADIENT

COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("right accepted", "right"),
    ("wrong caught", "wrong"),
    ("mutants caught", "mutant"),
    ("hints fit", "mistake"),
)
SCORES = ("equivalent", "score")
WHAT_NEXT: dict[Kind, str] = {
    "wrong": ". Add a case that catches it, or say why it is right",
    "right": ". Mend the case that it loses, or say in the exercise's text what it asks",
}
COUNTED: tuple[Kind, ...] = ("right", "wrong", "mutant", "mistake", "claim", "built-in")


def table(lab: str, proofs: list[Proof]) -> Table:
    """A row for each exercise."""
    found = Table(title=lab, title_justify="left", box=None, padding=(0, 1, 0, 0))
    found.add_column("exercise", no_wrap=True)
    for name, _ in COLUMNS:
        found.add_column(name, justify="right")
    for name in (*SCORES, "lazy at most", "replayed", "built-ins told", "blank costs others"):
        found.add_column(name, justify="right")
    for proof in proofs:
        cells = [_counted(proof.of(kind)) for _, kind in COLUMNS]
        share = f"{100 * proof.lazy_share:.0f} %"
        mark = "red" if proof.lazy_share > verdicts.LAZY_SHARE else "green"
        found.add_row(
            *(proof.subject.name, *cells, *_scores([proof]), f"[{mark}]{share}[/]"),
            *(_replayed(proof), _builtins(proof), _cost(proof)),
        )
    every = [_sums([one for proof in proofs for one in proof.of(kind)]) for _, kind in COLUMNS]
    sums = [f"{one['good']}/{one['tried']}" for one in every]
    found.add_row("together", *sums, *_scores(proofs), style="bold")
    return found


def told(proof: Proof) -> Iterator[str]:
    """Everything that is wrong, or explained, as lines of markup."""
    seen = [one for one in proof.of("mutant") if one.trouble and one.reason == NO_GRADIENT]
    for one in proof.results:
        if one.trouble and one not in seen:
            yield _line(proof, one)
    if seen:
        yield f"[dim]equivalent[/] {proof.subject.name}: {len(seen)} × detached: {NO_GRADIENT}"
    if proof.broken:
        yield f"[red]finding[/] {proof.subject.name}: can't be tried: {escape(proof.broken)}"
    if proof.alone:
        yield (
            f"[red]finding[/] {proof.subject.name}: in the sandbox, the reference loses "
            f"{proof.alone:g} points"
        )
    for name, points in (proof.lost or {}).items():
        yield f"[red]finding[/] {proof.subject.name}: left blank, it costs {name} {points:g} points"
    for reason in proof.idle:
        yield f"[yellow]note[/] {proof.subject.name}: no mutant is explained by {escape(reason)!r}"


def as_json(proof: Proof) -> dict[str, Any]:
    """The proof for machines."""
    counts: dict[str, Any] = {kind: _sums(proof.of(kind)) for kind in COUNTED}
    return {
        "lab": proof.subject.lab,
        "exercise": proof.subject.name,
        **counts,
        "lazy": round(proof.lazy_share, 4),
        "replayed": round(proof.replayed, 4),
        "built-ins told": proof.told,
        "blank costs": proof.lost,
        "lost in the sandbox": proof.alone,
        "broken": proof.broken,
        "equivalent": {
            equivalents.change(proof.subject.source, one.item.mutant.source): one.reason
            for one in proof.of("mutant")
            if one.trouble and one.reason and one.item.mutant
        },
        "findings": [
            {
                "kind": one.item.kind,
                "says": one.item.says,
                "trouble": one.trouble,
                "change": _change(proof, one),
            }
            for one in proof.results
            if one.trouble and not one.reason
        ],
    }


def _scores(proofs: list[Proof]) -> tuple[str, str]:
    """How many mutants are no mistakes, and which share of the others is caught."""
    found = [one for proof in proofs for one in proof.of("mutant")]
    explained = sum(bool(one.trouble and one.reason) for one in found)
    caught = sum(not one.trouble for one in found)
    share = f"{100 * caught / (len(found) - explained):.1f} %" if len(found) > explained else ""
    return str(explained or ""), share


def _replayed(proof: Proof) -> str:
    """What another student's answers get; it counts for nothing where all have the same."""
    share = f"{100 * proof.replayed:.0f} %"
    if proof.subject.definition.constant:
        return f"[dim]{share}, a constant[/]"
    return f"[{'red' if proof.replayed > verdicts.LAZY_SHARE else 'green'}]{share}[/]"


def _builtins(proof: Proof) -> str:
    silent = sum(bool(one.trouble) for one in proof.of("built-in"))
    if not proof.told and not silent:
        return "[dim]none[/]"
    return f"[{'red' if silent else 'green'}]{proof.told}/{proof.told + silent}[/]"


def _cost(proof: Proof) -> str:
    if proof.lost is None:
        return "[dim]not tried[/]"
    return f"[red]{sum(proof.lost.values()):g}[/]" if proof.lost else "[green]0[/]"


def _sums(results: list[Result]) -> dict[str, int]:
    return {"tried": len(results), "good": sum(not one.trouble for one in results)}


def _counted(results: list[Result]) -> str:
    if not results:
        return "[dim]none[/]"
    sums, explained = _sums(results), sum(bool(one.trouble and one.reason) for one in results)
    mark = "green" if sums["good"] + explained == len(results) else "red"
    return f"[{mark}]{sums['good']}/{len(results)}[/]"


def _line(proof: Proof, result: Result) -> str:
    item = result.item
    where = f"{proof.subject.name}: {item.kind}, {escape(item.says)}: {escape(result.trouble)}"
    if not item.mutant:
        place = f" ({item.place})" if item.place else ""
        return f"[red]finding[/] {where}{place}{WHAT_NEXT.get(item.kind, '')}"
    mark = "[dim]equivalent[/]" if result.reason else "[red]finding[/]"
    reason = f" — {escape(result.reason)}" if result.reason else ""
    change = indent(escape(_change(proof, result)), "    ")
    return f"{mark} {where} ({_place(proof, item.mutant)}){reason}\n{change}"


def _place(proof: Proof, mutant: Mutant) -> str:
    """Where the slip is in the lab's source."""
    subject = proof.subject
    path = subject.tree.source(subject.lab)
    before = path.read_text("utf-8").partition(subject.source)[0]
    return f"{path.relative_to(subject.tree.root)}:{before.count(chr(10)) + mutant.line}"


def _change(proof: Proof, result: Result) -> str:
    mutant = result.item.mutant
    return equivalents.change(proof.subject.source, mutant.source) if mutant else ""
