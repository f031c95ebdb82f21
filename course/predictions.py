"""Predict, then measure: a cell takes a guess before the experiment, another comes back to it.

``course.predict`` takes a number, one of several names, or an order of them; ``course.compare``
puts beside it what was measured. Nothing here raises for what a student typed: a prediction that
is missing, late or wrong costs no points and stops no cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from numbers import Real
from operator import eq
from statistics import fmean, stdev
from typing import Any

from course import markup

MIME = "application/vnd.convnet-course.prediction+json"
"""Beside a prediction's HTML and text: whether there is one, for programs."""

LONGEST = 80  # characters of what a student typed
Names = Sequence[str] | Mapping[str, str]

_MADE: dict[str, Prediction] = {}  # in this kernel, by name
_SEEN: set[str] = set()  # whose measurement has been shown
_TOLD: set[str] = set()  # who was told to predict first


@dataclass(frozen=True, repr=False)
class Prediction:
    """What a student expects, before the experiment.

    Attributes:
        name: of the cell.
        question: what is asked.
        answer: as it was typed; ``...`` where nothing was.
        choices: what can be named; none for a number.
        order: whether all of them are wanted, one after the other.
        unit: of a number.
        late: whether the measurement had been shown before.
    """

    name: str
    question: str
    answer: Any = ...
    choices: Mapping[str, str] | None = None
    order: bool = False
    unit: str = ""
    late: bool = False

    @property
    def value(self) -> float | str | tuple[str, ...] | None:
        """The answer, if it is one: a number, a name, or an order of the names."""
        if self.choices is None:
            return _number(self.answer)
        if not self.order:
            return _name(self.answer, self.choices)
        given = self.answer if type(self.answer) in (list, tuple) else ()
        if len(given) > len(self.choices):
            return None
        names = tuple(_name(one, self.choices) or "" for one in given)
        return names if sorted(names) == sorted(self.choices) else None

    @property
    def wanted(self) -> str:
        """What the answer may be."""
        if self.choices is None:
            return f"a number{f' (in {self.unit})' if self.unit else ''}"
        names = ", ".join(f'"{one}"' for one in self.choices)
        return (
            f"a list of all of these, in your order: {names}" if self.order else f"one of {names}"
        )

    @property
    def state(self) -> str:
        """A line about what is there, and what to do."""
        if self.answer is ...:
            return f"Predict first: put {self.wanted} in place of `...`, then run this cell."
        if self.value is None:
            return (
                f"`{_shortened(self.answer)}` can't be read. Write {self.wanted} in its place, "
                "then run this cell again."
            )
        when = ", after the measurement" if self.late else ""
        return f"You say: {said(self.value, self.unit)}{when}. Run the cells below, and see."

    def __str__(self) -> str:
        listed = [f"  {key}: {text}" for key, text in (self.choices or {}).items() if text != key]
        return "\n".join([self.question, *listed, self.state])

    __repr__ = __str__

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        listed = "".join(
            f"<li><code>{escape(key)}</code>: {markup.marked(text)}</li>"
            for key, text in (self.choices or {}).items()
            if text != key
        )
        body = f"<ul>{listed}</ul>" if listed else ""
        made = self.value is not None
        html = markup.panel(
            f"{markup.badge('prediction', markup.GREEN if made else markup.GREY)} "
            f"{markup.marked(self.question)}",
            f"{body}<div>{markup.marked(self.state)}</div>",
            markup.GREEN if made else markup.GREY,
        )
        return {"text/html": html, "text/plain": str(self), MIME: {"name": self.name, "made": made}}


def predict(
    name: str,
    question: str,
    answer: Any = ...,
    choices: Names | None = None,
    *,
    order: bool = False,
    unit: str = "",
) -> Prediction:
    """Take a prediction. It is kept for :func:`compare`, and shown.

    Args:
        name: of the cell.
        question: what is asked.
        answer: the student's; ``...`` stands for none.
        choices: names, or names with what each means; without them a number is asked for.
        order: whether all names are wanted, in an order.
        unit: of a number.
    """
    options = (
        choices if isinstance(choices, Mapping) or choices is None else {c: c for c in choices}
    )
    made = Prediction(name, question, answer, options, order, unit, name in _SEEN)
    _MADE[name] = made
    return made


def made() -> set[str]:
    """Names of the predictions that were made in this kernel."""
    return {name for name, one in _MADE.items() if one.value is not None}


def predicted(name: str) -> float | str | tuple[str, ...] | None:
    """What was predicted under this name in this kernel, if anything was."""
    return _MADE[name].value if name in _MADE else None


@dataclass(frozen=True, repr=False)
class Comparison:
    """A prediction beside what was measured."""

    name: str
    guess: float | str | tuple[str, ...] | None
    found: float | str | tuple[str, ...] | None
    error: float = 0.0
    unit: str = ""
    digits: int = 2
    late: bool = False
    reminded: bool = False

    @property
    def measured(self) -> str:
        """``0.52 ± 0.01``."""
        if self.found is None:
            return "nothing yet: look above for the reason"
        return said(self.found, self.unit, self.error, self.digits)

    @property
    def sentence(self) -> str:
        """Both in one line."""
        if self.guess is None:
            first = "Predict first next time: a guess makes the number stick. "
            return f"{first if self.reminded else ''}Measured: {self.measured}."
        you = f"You said{' (afterwards)' if self.late else ''}"
        return f"{you}: {said(self.guess, self.unit)}. Measured: {self.measured}."

    @property
    def verdict(self) -> str:
        """How far they are from each other; nothing where there is no prediction."""
        if isinstance(self.guess, tuple) and isinstance(self.found, tuple):
            places = sum(map(eq, self.guess, self.found))
            return f"{places} of {len(self.guess)} in their place."
        if isinstance(self.guess, str) and isinstance(self.found, str):
            return "As you said." if self.guess == self.found else "Not as you said: why?"
        if not isinstance(self.guess, float) or not isinstance(self.found, float):
            return ""
        gap = self.guess - self.found
        if abs(gap) <= max(2 * self.error, 0.5 * 10**-self.digits):
            return "As measured."
        way = "above" if gap > 0 else "below"
        return f"That is {said(abs(gap), self.unit, digits=self.digits)} {way}."

    def __str__(self) -> str:
        return f"{self.sentence} {self.verdict}".strip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return markup.panel(
            f"{markup.badge('you said, we measured', markup.GREY)} {escape(self.sentence)}",
            f"{_line(self)}<div>{escape(self.verdict)}</div>",
            markup.GREY,
        )


def compare(
    name: str, found: Any, error: float = 0.0, *, unit: str | None = None, digits: int = 2
) -> Comparison:
    """Come back to a prediction: what was said beside what was measured.

    Args:
        name: of the prediction.
        found: the measured number, or one for each seed; the name or the names in order where these
            were asked for; None where nothing could be measured.
        error: standard error or spread of the number; by default that of the seeds' mean.
        unit: of the number; by default the prediction's.
        digits: behind the point.
    """
    made = _MADE.get(name)
    value, own = _plain(found)
    error = error or own
    guess = made.value if made else None
    reminded = guess is None and name not in _TOLD
    _SEEN.add(name)
    _TOLD.update([name] if guess is None else [])
    told = unit if unit is not None else (made.unit if made else "")
    late = bool(made and made.late)
    return Comparison(name, guess, value, error, told, digits, late, reminded)


def said(
    value: float | str | tuple[str, ...],
    unit: str = "",
    error: float = 0.0,
    digits: int | None = None,
) -> str:
    """A prediction or a measurement in words."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ", ".join(value)
    form = "g" if digits is None else f",.{digits}f"
    spread = f" ± {error:{form}}" if error else ""
    return f"{value:{form}}{spread}{f' {unit}' if unit else ''}".replace("-", "−")


def _line(one: Comparison) -> str:
    """Both numbers on one line, as text that needs no style; nothing for names."""
    if not isinstance(one.guess, float) or not isinstance(one.found, float):
        return ""
    low, high = sorted((one.guess, one.found))
    if not (math.isfinite(high - low) and high > low):
        return ""
    marks = ("▲ you", "● measured") if one.guess < one.found else ("● measured", "▲ you")
    ends = said(low, digits=one.digits), said(high, digits=one.digits)
    return f'<div aria-hidden="true">{marks[0]} {ends[0]} ├{"─" * 24}┤ {ends[1]} {marks[1]}</div>'


def _plain(found: Any) -> tuple[float | str | tuple[str, ...] | None, float]:
    """What was measured, and its standard error where there is one number for each seed."""
    if found is None or isinstance(found, str):
        return found, 0.0
    if (number := _number(found)) is not None:
        return number, 0.0
    several = list(found)
    numbers = [one for one in map(_number, several) if one is not None]
    if not numbers or len(numbers) < len(several):
        return tuple(map(str, several)), 0.0
    error = stdev(numbers) / math.sqrt(len(numbers)) if len(numbers) > 1 else 0.0
    return fmean(numbers), error


def _number(answer: Any) -> float | None:
    if isinstance(answer, bool) or not isinstance(answer, Real):
        return None
    try:
        value = float(answer)
    except Exception:  # too large, or a number of the student's own making
        return None
    return value if math.isfinite(value) else None


def _name(answer: Any, choices: Mapping[str, str]) -> str | None:
    """The choice that this is, whatever its capitals and spaces."""
    if type(answer) is not str:
        return None
    meant = answer.strip().casefold()
    return next((one for one in choices if one.casefold() == meant), None)


def _shortened(answer: Any) -> str:
    """What was typed, on one line; an object of the student's own is named by its type."""
    plain = type(answer) in (str, int, float, list, tuple, dict, bool, type(None))
    try:
        text = repr(answer) if plain else type(answer).__name__
    except Exception:  # a list may hold anything
        text = type(answer).__name__
    text = " ".join(text.replace("`", "'").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
