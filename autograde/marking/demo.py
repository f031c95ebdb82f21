"""The demonstration: build the labs, hand in the sample class, grade it, compare."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from autograde.authoring import samples
from autograde.authoring.samples import Sample, SampleError
from autograde.results import StudentResult
from autograde.tree import Tree


@dataclass(frozen=True)
class Surprise:
    """Where grading and a sample's own expectation differ."""

    sample: str
    text: str


SHOWN = ("lab00_setup", "lab01_activations")  # enough to see everything, in a minute


def labs(tree: Tree) -> list[str]:
    """Labs that have sample submissions."""
    return [lab for lab in tree.lab_names() if tree.samples(lab).is_dir()]


def class_of(tree: Tree, lab: str) -> list[Sample]:
    """The sample class of a lab.

    Raises:
        SampleError: it has none.
    """
    folder = tree.samples(lab)
    found = samples.load(folder)
    if not found:
        first = folder.relative_to(tree.root) / "reference--full.py"
        raise SampleError(f"{lab} has no samples: add {first}, see docs/authoring.md.")
    return found


def hand_in(tree: Tree, lab: str, work: Path) -> list[Sample]:
    """A fresh class in ``work/submitted``; what an earlier demonstration left is removed."""
    class_ = class_of(tree, lab)
    shutil.rmtree(work, ignore_errors=True)
    samples.hand_in(class_, tree, lab, work / "submitted")
    return class_


def surprises(sample: Sample, result: StudentResult) -> list[Surprise]:
    """What came out otherwise than the sample's file says; written answers aside."""
    found = []
    for item in result.items:
        if item.status == "manual":
            continue
        wanted = _wanted(sample, item.grade_id, item.maximum)
        if item.points != wanted:
            text = f"{item.grade_id} has {item.points} points, expected {wanted:g}"
            found.append(Surprise(sample.name, text))
        mistakes = {r.mistake for r in item.report.results if r.mistake} if item.report else set()
        if (named := sample.mistakes.get(item.grade_id)) and named not in mistakes:
            text = f"{item.grade_id}: mistake {named!r} not recognised, found {mistakes or 'none'}"
            found.append(Surprise(sample.name, text))
    told = {flag.code for flag in result.flags}
    found += [
        Surprise(sample.name, f"no flag {code!r}") for code in sample.flags if code not in told
    ]
    unexpected = {flag.code for flag in result.flags if flag.severity != "info"} - {*sample.flags}
    found += [Surprise(sample.name, f"unexpected flag {code!r}") for code in sorted(unexpected)]
    if (sample.outcome == "ungradable") != (result.outcome == "ungradable"):
        found.append(Surprise(sample.name, f"came out as {result.outcome}"))
    return found


def _wanted(sample: Sample, exercise: str, maximum: float) -> float:
    if sample.outcome in ("zero", "ungradable"):
        return 0.0
    return float(sample.points.get(exercise, maximum))
