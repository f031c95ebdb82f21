"""Results of trials that are known: on disk, by the digest of all that they depend on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from autograde.proving import pool
from autograde.proving.pool import Outcome, Trial


@dataclass
class Ledger:
    """A file with a line for each outcome; several processes may write to it at once."""

    path: Path
    known: dict[str, Outcome] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path) -> Ledger:
        """The ledger in a file, which need not be there; what a kill tore counts as unwritten."""
        known = dict[str, Outcome]()
        for line in path.read_bytes().split(b"\n") if path.is_file() else ():
            try:
                entry = json.loads(line)
                key = entry.pop("key")
                known[key] = Outcome(**entry)
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
        return cls(path, known)

    def note(self, key: str, outcome: Outcome) -> None:
        """Write an outcome down."""
        self.known[key] = outcome
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(json.dumps({"key": key, **asdict(outcome)}).encode() + b"\n")


def tried(trials: Iterable[Trial], jobs: int, ledger: Ledger) -> Iterator[tuple[Trial, Outcome]]:
    """Outcomes of all trials, known ones first; new ones are noted as they come."""
    new = []
    for trial in trials:
        if trial.key in ledger.known:
            yield trial, ledger.known[trial.key]
        else:
            new.append(trial)
    for trial, outcome in pool.run(new, jobs):
        ledger.note(trial.key, outcome)
        yield trial, outcome
