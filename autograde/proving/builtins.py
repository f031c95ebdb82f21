"""Built-ins that answer an exercise in one line: those that it forbids, and those of its name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

import nbformat

from autograde.authoring.source import ANSWER
from autograde.marking.evidence import evidence
from autograde.proving.lazy import Objects
from autograde.proving.subjects import Subject

HOMES = (
    "torch.nn.functional",
    "torch",
    "torch.nn",
    "torch.optim",
    "torchvision.models",
    "torchvision.models.resnet",
    "torchvision.models.googlenet",
    "torchvision.ops",
)


def builtins(subject: Subject) -> tuple[int, dict[str, Objects]]:
    """How many built-ins grading tells a person of, and makers of answers that are another one, by
    its full name.
    """
    every = _every(subject)
    silent = {full: make for full, make in every.items() if not told(subject, full)}
    return len(every) - len(silent), silent


def _every(subject: Subject) -> dict[str, Objects]:
    wanted = {_plain(name) for name in (subject.name, *subject.definition.forbids)}
    found: dict[str, Objects] = {}
    seen = set[int]()
    for home in HOMES:
        for name, thing in vars(import_module(home)).items():
            if _plain(name) in wanted and callable(thing) and id(thing) not in seen:
                seen.add(id(thing))
                found[f"{home}.{name}"] = partial(_under_its_name, subject, thing)
    return found


def told(subject: Subject, full: str) -> bool:
    """Whether grading tells a person that an answer is a built-in."""
    top = full.partition(".")[0]
    home = full.rpartition(".")[0]
    cell = nbformat.v4.new_code_cell(f"import {top}\nimport {home}\n\n{subject.name} = {full}\n")
    cell.metadata["nbgrader"] = {"grade_id": ANSWER.format(subject.name)}
    return bool(evidence(subject.lab, nbformat.v4.new_notebook(cells=[cell])))


def _under_its_name(subject: Subject, thing: Any) -> Mapping[str, Any]:
    return {subject.name: thing}


def _plain(name: str) -> str:
    """``LeakyReLU``, ``leaky_relu`` and ``leaky_relu_`` are the same."""
    return name.replace("_", "").lower()
