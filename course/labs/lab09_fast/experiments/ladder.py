"""A ladder of ideas: each step adds one to those before, and is measured over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from course import training
from course.device import pick_device, seeded, timer
from course.labs.lab09_fast.experiments.networks import LAB, Pictures, network
from course.labs.shared.pages import attempt, estimate
from course.labs.shared.results import note

Filters = Callable[[Tensor], Tensor]
Scores = Callable[[nn.Module, Tensor], Tensor]
FOR_FILTERS = 5000  # images whose patches are enough


def plain_scores(model: nn.Module, images: Tensor) -> Tensor:
    """Scores of the images as they are, in evaluation mode."""
    with torch.no_grad():
        return model.eval()(images)


class Ladder:
    """Trains the network with more and more ideas, and prints a line for each.

    Attributes:
        accuracies: by step, the test accuracy of each seed.
    """

    def __init__(self, images: Pictures, epochs: int, seeds: Sequence[int]) -> None:
        self.images, self.epochs, self.seeds = images, epochs, list(seeds)
        self.options: dict[str, Any] = {}
        self.filters: Filters | None = None
        self.scores: Scores = plain_scores
        self.accuracies: dict[str, list[float]] = {}
        self._models: list[nn.Module] = []
        size = f"{len(images.train[0]):,} images of {images.side}×{images.side}, {epochs} epochs"
        print(f"{size}, {len(self.seeds)} seeds\n{'':26}{'test accuracy':>18}{'gain, points':>18}")

    def step(
        self, name: str, *, filters: Filters | None = None, scores: Scores | None = None,
        needs: str = "", **options: Any,
    ) -> None:  # fmt: skip
        """One more idea.

        Args:
            name: what it is.
            filters: makes the first layer's filters of images; see ``network``.
            scores: asks a network about images, ``(N, C, H, W) -> (N, K)``, without a new training.
            needs: the student's function that it takes; without it the step is left out.
            options: of ``training.fit``.
        """
        before = self.options, self.filters, self.scores
        self.options = self.options | options
        self.filters, self.scores = filters or self.filters, scores or self.scores
        work = self._asked if scores and not options else self._trained
        found = attempt(needs, work) if needs else work()
        if found is None:
            self.options, self.filters, self.scores = before
            return
        last = list(self.accuracies.values())[-1] if self.accuracies else None
        self.accuracies[name] = found
        print(f"{name:26}{estimate(found, '.1%'):>18}{gain(found, last):>18}", flush=True)

    def _trained(self) -> list[float]:
        make = partial(network, self.images.widths)
        if self.filters is not None:
            make = partial(make, self.filters(self.images.train[0][:FOR_FILTERS]))
        models: list[nn.Module] = []
        for seed in self.seeds:
            with seeded(seed):
                models.append(make())
            fitted(models[-1], self.images, self.epochs, seed, self.options)
        self._models = models
        return self._asked()

    def _asked(self) -> list[float]:
        return [accuracy(model, self.images.test, self.scores) for model in self._models]


def race(
    images: Pictures, epochs: int, seeds: Sequence[int], filters: Filters, scores: Scores,
    **options: Any,
) -> dict[str, Any] | None:  # fmt: skip
    """All ideas together: accuracy and seconds of each seed, after a run that warms up.

    Returns:
        ``accuracy`` and ``seconds``, lists, and ``pace``, how it was computed; None where a
        function is not written yet.
    """

    def run() -> dict[str, Any]:
        make = partial(network, images.widths, filters(images.train[0][:FOR_FILTERS]))
        found: dict[str, Any] = {"accuracy": [], "seconds": []}
        for seed in [seeds[0], *seeds]:
            with seeded(seed):
                model = make()
            seconds, found["pace"] = fitted(model, images, epochs, seed, options)
            found["seconds"].append(round(seconds, 2))
            found["accuracy"].append(accuracy(model, images.test, scores))
        return found | {name: found[name][1:] for name in ("accuracy", "seconds")}

    found = attempt("triangle`, `whitening_filters` or `flipped_scores", run)
    if found:
        note(LAB, race=found)
        print(f"test accuracy {estimate(found['accuracy'], '.2%')}, mean ± standard error")
        print(f"{estimate(found['seconds'], '.1f')} s of training ({found['pace']})")
    return found


def fitted(
    model: nn.Module, images: Pictures, epochs: int, seed: int, options: dict[str, Any]
) -> tuple[float, str]:
    """Train a network: seconds, and how it was computed. The images are on the device before."""
    train = tuple(one.to(pick_device()) for one in images.train)
    settings = {"epochs": epochs, "seed": seed, "capture": True, "progress": False}
    with timer() as elapsed:
        history = training.fit(model, train, **settings, **options)  # type: ignore[arg-type]
    return elapsed.seconds, history.pace


def accuracy(model: nn.Module, test: tuple[Tensor, Tensor], scores: Scores) -> float:
    """The share of test images that the model names rightly, asked as ``scores`` asks."""
    device = next(model.parameters()).device
    found = [scores(model, some.to(device)).argmax(dim=1).cpu() for some in test[0].split(1000)]
    return float((torch.cat(found) == test[1].cpu()).double().mean())


def gain(now: Sequence[float], before: Sequence[float] | None) -> str:
    """Seed by seed, in points: mean and standard error."""
    if before is None:
        return ""
    gaps = [100 * (a - b) for a, b in zip(now, before, strict=True)]
    return estimate(gaps, "+.1f").replace("-", "−")
