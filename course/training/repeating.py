"""The same training from several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from torch import nn

from course.device import seeded
from course.training.history import Runs
from course.training.loop import fit
from course.training.together import fit_each, worth_a_try


def repeat(
    make_model: Callable[[], nn.Module],
    seeds: Iterable[int],
    *,
    keep_models: bool = False,
    **fit_options: Any,
) -> Runs:
    """Train one fresh model for each seed: ``repeat(LeNet, range(3), train=..., epochs=2)``.

    The seed sets the initial weights and the order of the batches. Stopping the cell ends the
    series after the run that it cut.

    Args:
        keep_models: keep the trained networks in ``runs.models``.
        fit_options: what ``fit`` takes, without ``model`` and ``seed``. A ``checkpoint`` becomes
            one file for each seed: ``lenet.pt`` is kept as ``lenet-seed0.pt`` and so on.

    Raises:
        ValueError: no seeds.
    """
    runs, seeds = Runs([], []), list(seeds)
    if worth_a_try(fit_options) and len(seeds) > 1:
        return _together(make_model, seeds, keep_models, fit_options)
    for seed in seeds:
        with seeded(seed):
            model = make_model()
        history = fit(model, seed=seed, **_options_of(seed, fit_options))
        if history.stopped_by == "interrupt":
            break
        runs.seeds.append(seed)
        runs.histories.append(history)
        if keep_models:
            runs.models.append(model)
    if not runs.seeds:
        raise ValueError("no finished run: repeat needs one seed or more, such as range(3)")
    return runs


def _together(
    make_model: Callable[[], nn.Module],
    seeds: list[int],
    keep_models: bool,
    fit_options: dict[str, Any],
) -> Runs:
    models = []
    for seed in seeds:
        with seeded(seed):
            models.append(make_model())
    histories = fit_each(models, seeds, **fit_options)
    if any(history.stopped_by == "interrupt" for history in histories):
        raise ValueError(
            "no finished run: all were learning at once when they were stopped. Run the cell "
            "again, or with fewer epochs."
        )
    return Runs(seeds, histories, models if keep_models else [])


def _options_of(seed: int, options: dict[str, Any]) -> dict[str, Any]:
    if options.get("checkpoint") is None:
        return options
    path = Path(options["checkpoint"])
    return options | {"checkpoint": path.with_name(f"{path.stem}-seed{seed}{path.suffix}")}
