"""How proofs read: a table, then every finding with what it needs to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from typing import Any

from rich.markup import escape
from rich.table import Table

from autograde.proving import equivalents, verdicts
from autograde.proving.proof import Kind, Proof, Result

COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("right accepted", "right"),
    ("wrong caught", "wrong"),
    ("mutants caught", "mutant"),
    ("hints fit", "mistake"),
)


def table(lab: str, proofs: list[Proof]) -> Table:
    """A row for each exercise."""
    found = Table(title=lab, title_justify="left", box=None, padding=(0, 1, 0, 0))
    found.add_column("exercise", no_wrap=True)
    for name, _ in COLUMNS:
        found.add_column(name, justify="right")
    for name in ("equivalent", "lazy at most"):
        found.add_column(name, justify="right")
    for proof in proofs:
        cells = [_counted(proof.of(kind)) for _, kind in COLUMNS]
        explained = sum(bool(one.trouble and one.reason) for one in proof.of("mutant"))
        share = f"{100 * proof.lazy_share:.0f} %"
        mark = "red" if proof.lazy_share > verdicts.LAZY_SHARE else "green"
        found.add_row(proof.subject.name, *cells, str(explained or ""), f"[{mark}]{share}[/]")
    return found


def told(proof: Proof) -> Iterator[str]:
    """Everything that is wrong, or explained, as lines of markup."""
    for one in proof.results:
        if one.trouble:
            yield _line(proof, one)
    for reason in proof.idle:
        yield f"[yellow]note[/] {proof.subject.name}: no mutant is explained by {escape(reason)!r}"


def as_json(proof: Proof) -> dict[str, Any]:
    """The proof for machines."""
    counts: dict[str, Any] = {kind: _sums(proof.of(kind)) for _, kind in COLUMNS}
    return {
        "lab": proof.subject.lab,
        "exercise": proof.subject.name,
        **counts,
        "lazy": round(proof.lazy_share, 4),
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
        mark = "[yellow]hint[/]" if item.kind == "mistake" else "[red]finding[/]"
        return f"{mark} {where}"
    mark = "[dim]equivalent[/]" if result.reason else "[red]finding[/]"
    reason = f" — {escape(result.reason)}" if result.reason else ""
    return f"{mark} {where}{reason}\n{indent(escape(_change(proof, result)), '    ')}"


def _change(proof: Proof, result: Result) -> str:
    mutant = result.item.mutant
    return equivalents.change(proof.subject.source, mutant.source) if mutant else ""
