"""The contract of a function of plain values and tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.contracts.cases import (
    CHANGED,
    HALF,
    SINGLE,
    Adapter,
    Maker,
    hinted,
    written,
)
from course.checks import Case, battery, wording
from course.checks.judges import Judge, close
from course.checks.kinds import Hint
from course.checks.probes import copied

WHOLE: Hint = dict.fromkeys(
    ("values", "type"),
    "A count is an int: `/` and powers with a point give floats, where `//` and `**` of whole "
    "numbers do not.",
)
Arguments = Callable[..., tuple[Any, ...]]

FINELY = close(1e-3, 1e-5)  # of a change: the last digits of float64 go into rounding
_INSIDE = (
    "What comes in is float64. If it is taken to float32 on the way (`.float()`, a tensor made "
    "without `dtype=x.dtype`), half of its digits are lost, whatever dtype comes out."
)
SINGLE_INSIDE: Hint = {"values": _INSIDE, "precision": _INSIDE}
_ZEROS = (
    "Zeros are numbers like others, and biases begin as such: their gradient is not zero. Does "
    "your code leave something out where there are only zeros (`if tensor.any()`)?"
)
AT_ZEROS: Hint = {"values": _ZEROS, "gradient": _ZEROS, "detached": _ZEROS}
NEW = (
    "Here you give back what you were given, or a view of it: whoever changes the result later "
    "changes the argument too. Let every call make a new tensor."
)


@dataclass(frozen=True)
class Function:
    """A function of plain values and tensors.

    Attributes:
        draw: from a generator and sizes with defaults to all arguments, by position.
        edges: further sizes by what is special about them, each a case.
        refuses: for an exception, what draws arguments that raise it.
        random: whether two equal calls may differ; then it is not asked whether they do.
        wrt: names of the arguments at which gradients are asked; by default all floating-point
            tensors which the reference's answer can be followed back to.
        floats: whether single precision is asked for, where there are floating-point tensors.
        layouts: whether numbers may be spread in memory.
        counts: whether all numbers that come out are whole ones, by their type.
        uses: further names of the student's that its text says it uses; for the adapter.
        adapter: makes a plain function of the student's object.
        judge: compares answers in double precision.
        single: the same in single precision.
        half: whether half precision, bfloat16, is asked for as well: its dtype, and rough values.
        finely: whether double precision is asked for in all steps, not in dtype alone.
        zeros: names of tensors that may be all zeros: gradients are asked there, for each of them.
        own: further sizes, as of edges, where an argument itself would do if its text did not say
            that what comes back is a new tensor.
        hints: by title, in the place of the usual ones.
        leaves_out: titles of standard cases that this exercise has not, whose text allows that.
        share: see :class:`Contract`.
    """

    draw: Arguments
    edges: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    refuses: Mapping[type[Exception], Sequence[Arguments]] = field(default_factory=dict)
    random: bool = False
    wrt: tuple[str, ...] | None = None
    floats: bool = True
    layouts: bool = True
    counts: bool = False
    adapter: Adapter | None = None
    judge: Judge = field(default_factory=close)
    single: Judge = SINGLE
    half: bool = False
    finely: bool = False
    zeros: tuple[str, ...] = ()
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hints: Mapping[str, Hint] = field(default_factory=dict)
    leaves_out: tuple[str, ...] = ()
    share: float = 0.3

    def cases(self, name: str, thing: Any, rng: Generator) -> Iterator[Case]:
        """The standard cases; of a random function only those that hold for one call."""
        for case in self._all(name, thing, rng):
            if case.title not in self.leaves_out:
                yield hinted(case, self.hints)

    def _all(self, name: str, thing: Any, rng: Generator) -> Iterator[Case]:
        made = Maker(name, self.adapter)
        args = self.draw(rng)
        for title, sizes in self.edges.items():
            special, usual = self.draw(rng, **sizes), self.draw(rng)
            text = f"{name}{written(special)}, and {name}{written(usual)}"
            yield made.case(title, battery.edge, usual, special, judge=self.judge, text=text)
        for title, sizes in self.own.items():
            yield self._of_its_own(made, title, self.draw(rng), self.draw(rng, **sizes))
        if not self.random:
            yield from self._standard(made, thing, args, self.draw(rng))
        for error, refused in self.refuses.items():
            yield self._refusal(made, rng, error, refused)

    def _standard(
        self, made: Maker, thing: Any, args: tuple[Any, ...], other: tuple[Any, ...]
    ) -> Iterator[Case]:
        judge, called = self.judge, f"{made.name}{written(args)}"
        if _any(args, Tensor.is_floating_point) and self.floats:
            kinds = [("single", torch.float32, self.single), ("half", torch.bfloat16, HALF)]
            for precision, dtype, alike in kinds[: 1 + self.half]:
                told = str(dtype).removeprefix("torch.")
                title, text = f"in {precision} precision, {told}", f"{called} in {told}"
                yield made.case(title, battery.in_dtype, dtype, *args, judge=alike, text=text)
        if self.finely:
            yield made.case(
                "double precision in every step",
                battery.finely,
                *args,
                judge=FINELY,
                text=f"{called}, and by how much it changes if what is given grows by a billionth",
                hint=SINGLE_INSIDE,
            )
        if _any(args, lambda one: one.ndim > 0) and self.layouts:
            text = f"{called}, with tensors that are not contiguous"
            hint = "Does your code count on the order of the numbers in memory?"
            title = "numbers spread in memory"
            yield made.case(title, battery.spread, *args, judge=judge, text=text, hint=hint)
        if self.counts:
            text = f"{called}: the types of the numbers"
            title = "whole numbers come out"
            yield made.case(title, battery.whole, *args, judge=judge, text=text, hint=WHOLE)
        yield made.case(
            "twice, and what is given stays as it was",
            battery.again,
            other,
            *args,
            judge=judge,
            text=f"{called}, twice, and with other arguments between",
            hint=CHANGED,
        )
        names, defaults = battery.arguments_of(self.adapter(thing) if self.adapter else thing)
        if len(names) == len(args) and defaults:
            yield self._ways(made, names[-len(defaults) :], args)
        wrt = self._wrt(thing, args, names)
        if wrt:
            title = f"gradient at {' and '.join(wrt)}"
            text = f"gradient of {called} at {' and '.join(wrt)}"
            yield made.case(title, battery.slopes, wrt, *args, judge=judge, text=text)
        for place, name in enumerate(names):
            if name in self.zeros:
                cleared = [*args[:place], torch.zeros_like(args[place]), *args[place + 1 :]]
                text = f"gradient of {made.name}{written(cleared)} at {' and '.join(wrt)}"
                title = f"gradients where {name} is all zeros"
                yield made.case(
                    title, battery.slopes, wrt, *cleared, judge=judge, text=text, hint=AT_ZEROS
                )

    def _of_its_own(
        self, made: Maker, title: str, usual: tuple[Any, ...], special: tuple[Any, ...]
    ) -> Case:
        return made.case(
            f"{title}: a new tensor comes out",
            battery.of_its_own,
            usual,
            special,
            judge=self.judge,
            text=f"{made.name}{written(special)}, and {made.name}{written(usual)}",
            hint=NEW,
        )

    def _ways(self, made: Maker, names: tuple[str, ...], args: tuple[Any, ...]) -> Case:
        """Arguments that have defaults: these are what callers name. The others may be renamed."""
        first, last = args[: -len(names)], args[-len(names) :]
        called = wording.call_text(made.name, first, dict(zip(names, last, strict=True)))
        told = f"The last arguments' names are {', '.join(names)}; the stub tells the defaults."
        return made.case(
            f"{' and '.join(names)} by name, and by default",
            battery.in_ways,
            names,
            *args,
            judge=self.judge,
            hint={"raised": told, "values": told},
            text=f"{called}; {made.name}{written(first)}",
        )

    def _wrt(self, thing: Any, args: tuple[Any, ...], names: Sequence[str]) -> dict[str, int]:
        function = self.adapter(thing) if self.adapter else thing
        labels = (
            names if len(names) == len(args) else [f"argument {n + 1}" for n in range(len(args))]
        )
        places = {
            label: place
            for place, (label, one) in enumerate(zip(labels, args, strict=True))
            if isinstance(one, Tensor) and one.is_floating_point() and one.numel()
        }
        if self.wrt is not None:
            return {label: places[label] for label in self.wrt}
        return {label: at for label, at in places.items() if _follows(function, args, at)}

    def _refusal(
        self, made: Maker, rng: Generator, error: type[Exception], refused: Sequence[Arguments]
    ) -> Case:
        calls = [draw(rng) for draw in refused]
        good = [self.draw(rng) for _ in range(max(1, len(calls) // 2))]
        mixed = [*calls, *good]
        order = torch.randperm(len(mixed), generator=rng).tolist()
        chosen = [mixed[place] for place in order]
        text = "; ".join(f"{made.name}{written(one)}" for one in chosen)
        hint = "Which arguments make no sense? They are refused before anything is computed."
        title = f"refuses with {error.__name__}, and only what makes no sense"
        return made.case(
            title, battery.outcomes, error.__name__, chosen, text=text, hint=hint, judge=self.judge
        )


def _any(args: tuple[Any, ...], holds: Callable[[Tensor], bool]) -> bool:
    """Whether some tensor among arguments, however deep, has a property."""
    found: list[bool] = []
    battery.each(args, lambda one: found.append(holds(one)) or one)  # type: ignore[func-returns-value]
    return any(found)


def _follows(function: Any, args: tuple[Any, ...], place: int) -> bool:
    """Whether the reference's answer has a gradient at an argument."""
    given = list(copied(args))
    given[place] = given[place].detach().requires_grad_()
    tensors = list(battery.floats(function(*given)))
    return any(one.requires_grad for one in tensors)
