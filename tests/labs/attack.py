"""Try everything that `course` holds as an answer: ``python -m tests.labs.attack SAMPLE LAB…``.

Each function, class and constant of the package, and whatever a function gives without arguments,
stands in turn for each exercise of the lab, and is graded. Answers are also tried that look up
what the stored checks expect. SAMPLE is the share of these pairs that is tried, always the same
ones; of answers that look up, all are. Prints JSON, by lab: ``[exercise, attack, share of the
points]`` for all that earn something. Nothing that it calls is meant to be called like this, so it
runs behind walls: see ``test_secrets.py``.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import os
import pkgutil
import signal
import sys
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import torch

import course
from autograde.authoring import checks, reference
from course.checks import Check, Probe, stored
from course.checks.probes import copied, plain
from course.checks.sketches import Sketch

SECONDS = 0.5  # of processor time for one object, all cases together; then it is tried no more
SEED = 77
# Rooms whose objects are tried: those that know labs. ATTACK_ROOMS="course." tries all.
ROOMS = os.environ.get(
    "ATTACK_ROOMS", "course.labs. course.checks. course.instruments course.weights course.augment"
).split()


class Slow(BaseException):
    """Time is up; no answer's own `except` should catch it."""


def everything() -> dict[str, Any]:
    """Objects of the package by a name of theirs: at the top of a module, or made by a function."""
    found: dict[int, tuple[str, Any]] = {}
    for module in _modules():
        for name, thing in vars(module).items():
            own = getattr(thing, "__module__", module.__name__)
            if (
                inspect.ismodule(thing)
                or name.startswith("__")
                or not str(own).startswith("course")
            ):
                continue
            found.setdefault(id(thing), (f"{module.__name__}.{name}", thing))
    objects = dict(found.values())
    for name, thing in list(objects.items()):
        if inspect.isfunction(thing) and not _required(thing):
            with bounded():
                made = thing()
                if callable(made) or isinstance(made, Mapping | tuple | list):
                    objects[f"{name}()"] = made
    return objects


def _modules() -> Iterator[Any]:
    yield course
    for info in pkgutil.walk_packages(course.__path__, "course."):
        if not info.name.startswith(tuple(ROOMS)):
            continue
        with contextlib.suppress(Exception):
            yield importlib.import_module(info.name)


def _required(function: Callable[..., Any]) -> list[str]:
    """Names of the arguments that a call must give."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind not in kinds]


@contextlib.contextmanager
def bounded(late: list[bool] | None = None) -> Iterator[None]:
    """Whatever goes wrong or takes too long inside ends quietly; ``late`` learns of the latter."""

    def stop(*_: Any) -> None:
        raise Slow

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    except Slow:
        (late if late is not None else []).append(True)
    except (Exception, SystemExit):
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        torch.set_grad_enabled(True)  # stopped between two lines, a `no_grad` may not have ended


def fits(thing: Any, answer: Any) -> bool:
    """Whether an object could stand where the reference has ``answer``: it takes as many arguments,
    or neither is called.
    """
    if not callable(answer) or not callable(thing):
        return callable(answer) == callable(thing)
    try:
        inspect.signature(thing).bind(*_required(answer))
    except (TypeError, ValueError):
        return False
    return True


def share(check: Check, objects: Mapping[str, Any], late: list[bool] | None = None) -> float:
    """The share of the points that these objects earn."""
    earned = 0.0
    for one in check.cases:
        with bounded(late):
            try:
                value = asked(one.case.probe, objects)
            except TypeError:
                break  # it takes other arguments, or is no function at all
            earned += one.case.judge(value, one.expected, one.case.probe).passed * one.case.weight
        if late:
            break
    return earned / sum(one.case.weight for one in check.cases)


def asked(probe: Probe, objects: Mapping[str, Any]) -> Any:
    """What the objects answer; errors are raised, since most objects have no better answer."""
    things = [objects[name] for name in probe.uses]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = probe.question(*things, *copied(probe.args), **copied(dict(probe.kwargs)))
    return plain(value)


class Looked:
    """Answers from a stored check: what was expected where the same arguments came."""

    def __init__(self, check: Check) -> None:
        self.cases = [(one.case.probe, one.expected) for one in check.cases]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What a stored case expects of these arguments."""
        for probe, expected in self.cases:
            if _same(list(args), list(probe.args)) and _same(kwargs, dict(probe.kwargs)):
                return None if isinstance(expected, Sketch) else expected
        raise NotImplementedError


def _same(one: Any, other: Any) -> bool:
    with contextlib.suppress(Exception):
        return json.dumps(stored.encoded(one)) == json.dumps(stored.encoded(other))
    return False


@cache
def candidates() -> dict[str, Any]:
    return everything()


def _chosen(pair: str, sample: float) -> bool:
    return zlib.crc32(pair.encode()) < sample * 2**32


def attacks(lab: str, sample: float = 1.0) -> Iterator[tuple[str, str, float]]:
    """All that earned something: exercise, attack, share."""
    solved, spent = reference.load(lab), Counter[str]()
    shown = importlib.import_module(f"course.labs.{lab}").check
    for definition in checks.load(lab):
        name = definition.name
        if name not in solved and not definition.oracle:
            continue  # a demonstration, or no exercise
        check = definition.graded(solved, SEED)
        _ = [one.expected for one in check.cases]  # computed now, on no clock
        uses = list(dict.fromkeys(use for one in check.cases for use in one.case.probe.uses))
        for label, thing in list(candidates().items()):
            if not _chosen(f"{name} {label}", sample) or not fits(
                thing, solved.get(name, solved.get(uses[0]))
            ):
                continue
            objects, late, begun = dict.fromkeys(uses, thing), list[bool](), time.process_time()
            found = share(check, objects, late)
            if found:
                yield name, label, found
            spent[label] += time.process_time() - begun
            if late or spent[label] > SECONDS:
                del candidates()[label]
        looked = Looked(shown[name])
        for label, thing in (("looked up", looked), *_constants(looked)):
            found = share(check, dict.fromkeys(uses, thing))
            if found:
                yield name, label, found


def _constants(looked: Looked) -> Iterator[tuple[str, Any]]:
    """Every expected value as an object by itself: for exercises whose answer is a constant."""
    for number, (_, expected) in enumerate(looked.cases):
        yield f"expected value {number}", expected


if __name__ == "__main__":
    torch.set_num_threads(1)
    share_tried, labs = float(sys.argv[1]), sys.argv[2:]
    found = {lab: [list(one) for one in attacks(lab, share_tried)] for lab in labs}
    print(json.dumps(found))
