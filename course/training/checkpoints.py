"""Checkpoints: everything that a run needs to go on as if it had never stopped.

A file holds tensors and plain values only, and is read with ``weights_only=True``: a checkpoint
from somebody else can be wrong, but it can't run code.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

VERSION = 1


class CheckpointError(ValueError):
    """This file is no checkpoint of this run."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; one that is there is replaced at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    torch.save({"version": VERSION, **state}, part)
    os.replace(part, path)


def load(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """The checkpoint at ``path``, or ``None`` if there is none.

    Args:
        settings: what decides the run. Those in the file must be the same.

    Raises:
        CheckpointError: no checkpoint, or that of another run; the message says what differs.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damage makes torch and zipfile raise nearly anything
        raise CheckpointError(
            f"{path} is no checkpoint that can be read: delete it, or give another path"
        ) from error
    ours = isinstance(state, dict) and state.get("version") == VERSION
    if not ours or not isinstance(state.get("settings"), dict):
        raise CheckpointError(f"{path} is no checkpoint of this course: give another path")
    _compare(path, state["settings"], settings)
    return state


def _compare(path: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    differences = [
        f"{name} is {_short(wanted[name])} now and was {_short(found.get(name))}"
        for name in wanted
        if found.get(name) != wanted[name]
    ]
    if differences:
        raise CheckpointError(
            f"{path} is from another run: {'; '.join(differences)}. To go on from it, use its "
            "settings; to train afresh, pass resume=False, delete it, or give another path"
        )


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) < 60 else f"{text[:57]}..."
