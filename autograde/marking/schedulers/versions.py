"""Is a worker's course the coordinator's? By the digests of what grading is made of."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

import autograde
import course
from autograde.marking import seal
from autograde.tree import Tree


def versions(tree: Tree, lab: str) -> dict[str, str]:
    """Of each part that results depend on, its version or the digest of its files."""
    found = {"Python": platform.python_version()}
    found |= {line.partition(" ")[0]: line.partition(" ")[2] for line in seal.packages()}
    secret = tree.solutions
    own = [tree.source(lab), *seal.files(tree.checks(lab))]
    return {
        **found,
        "autograde": _digest(Path(autograde.__file__).parent),
        "course": _digest(Path(course.__file__).parent),
        f"solutions/{lab}": _of(secret / lab, own),
        "solutions/seed.txt": _of(secret, [secret / "seed.txt"]),
    }


def differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """What differs, for a person; empty where nothing does."""
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    return ", ".join(
        f"{name} ({_shown(theirs, name)}, expected {_shown(ours, name)})" for name in names
    )


def _shown(of: Mapping[str, str], name: str) -> str:
    return of.get(name, "")[:12] or "none"


def _digest(folder: Path) -> str:
    return _of(folder, seal.files(folder))


def _of(folder: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        text = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.relative_to(folder)} {hashlib.sha256(text).hexdigest()}\n".encode())
    return digest.hexdigest()
