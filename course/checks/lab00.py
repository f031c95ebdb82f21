"""Visible checks of lab 0, and the small demonstration that teaches to read their panels.

What is expected is known by construction where that is possible: the label's rank is drawn
first and the logits are built around it, so that no check holds a way to compute the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course.checks import Case, Checks, Mistake, Probe, ask, call, close, same

check = Checks("lab00_setup")
demo = Checks("lab00_setup (demonstration)")


# --- Reading a panel -----------------------------------------------------------------------------


@demo.define(
    mistakes=[
        Mistake(
            "one_channel",
            {"values_in_image": lambda height, width, channels: height * width},
            "A colour image holds more than one number for each pixel.",
        )
    ]
)
def values_in_image(rng: torch.Generator) -> Iterator[Case]:
    """How many numbers an image holds."""
    hint = "Think of the image as a block of numbers: how long are its three edges?"
    for title, size, expected in [
        ("a grey image of Fashion-MNIST", (28, 28, 1), 784),
        ("a colour image of CIFAR-10", (32, 32, 3), 3_072),
        ("a colour image as the ImageNet networks take it", (224, 224, 3), 150_528),
    ]:
        yield Case(title, call("values_in_image", *size), hint, same(), expected)


# --- normalise_images ----------------------------------------------------------------------------


def _normalised(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    # Batch normalisation with fixed statistics is the same map.
    scaled = images.to(torch.float64) / 255
    return F.batch_norm(scaled, mean.double(), std.double().square(), eps=0.0).float()


def _along(axis: int, values: Tensor) -> Tensor:
    """(C,) -> four axes, with the values along ``axis``."""
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    return values.reshape(shape)


def _with_axis(axis: int) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def wrong(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return (images / 255 - _along(axis, mean)) / _along(axis, std)

    return wrong


def _standardised(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    scaled = images / 255
    own_std, own_mean = torch.std_mean(scaled, dim=(0, 2, 3), keepdim=True)
    return (scaled - own_mean) / own_std


def _normalise_mistake(
    name: str, wrong: Callable[[Tensor, Tensor, Tensor], Tensor], hint: str
) -> Mistake:
    return Mistake(name, {"normalise_images": wrong}, hint)


_ORDER = "In which units are the mean and the std given: grey levels 0…255, or the scaled 0…1?"
_AXIS = (
    "Broadcasting lines shapes up from the right, so a vector of length C meets the axis W. "
    "Which shape puts the numbers on the channel axis?"
)

NORMALISE_MISTAKES = [
    _normalise_mistake(
        "not_scaled",
        lambda x, m, s: (x - _along(1, m)) / _along(1, s),
        "A pixel is a whole number up to 255 here. " + _ORDER,
    ),
    _normalise_mistake(
        "scaled_last", lambda x, m, s: (x - _along(1, m)) / _along(1, s) / 255, _ORDER
    ),
    _normalise_mistake(
        "256_levels",
        lambda x, m, s: (x / 256 - _along(1, m)) / _along(1, s),
        "There are 256 grey levels, but which number is the brightest of them?",
    ),
    _normalise_mistake(
        "variance",
        lambda x, m, s: (x / 255 - _along(1, m)) / _along(1, s).square(),
        "What is the spread of the result, if you divide by the variance?",
    ),
    _normalise_mistake(
        "root_of_std",
        lambda x, m, s: (x / 255 - _along(1, m)) / _along(1, s).sqrt(),
        "The std is a standard deviation already; no root is left to take.",
    ),
    _normalise_mistake(
        "multiplied",
        lambda x, m, s: (x / 255 - _along(1, m)) * _along(1, s),
        "A channel with a large spread should come out with spread 1. Does multiplying do that?",
    ),
    _normalise_mistake(
        "mean_added",
        lambda x, m, s: (x / 255 + _along(1, m)) / _along(1, s),
        "An average pixel should become 0. Where does yours go?",
    ),
    _normalise_mistake(
        "mean_forgotten",
        lambda x, m, s: x / 255 / _along(1, s),
        "An average pixel should become 0. Where does yours go?",
    ),
    _normalise_mistake(
        "std_forgotten",
        lambda x, m, s: x / 255 - _along(1, m),
        "The mean is right. What about the spread?",
    ),
    _normalise_mistake(
        "divided_first",
        lambda x, m, s: x / 255 / _along(1, s) - _along(1, m),
        "Shift first or divide first: is that the same? Try an average pixel.",
    ),
    _normalise_mistake(
        "scaled_only",
        lambda x, m, s: x / 255,
        "The pixels lie in [0, 1] now. What have the mean and the std to do?",
    ),
    _normalise_mistake(
        "whole_numbers",
        lambda x, m, s: (x // 255 - _along(1, m)) / _along(1, s),
        "`//` and whole-number types drop the fraction; all shades between black and white go.",
    ),
    _normalise_mistake(
        "own_statistics",
        _standardised,
        "You measured this batch. The mean and the std are given: those of the training set, the "
        "same for every batch, so that an image does not change with its neighbours.",
    ),
    _normalise_mistake("axis_of_width", _with_axis(3), _AXIS),
    _normalise_mistake("axis_of_height", _with_axis(2), _AXIS),
    _normalise_mistake("axis_of_batch", _with_axis(0), _AXIS),
]


@check.define(oracle={"normalise_images": _normalised}, mistakes=NORMALISE_MISTAKES)
def normalise_images(rng: torch.Generator) -> Iterator[Case]:
    """Whole numbers 0…255 become floats with mean 0 and spread 1, channel by channel."""
    within = close(rtol=1e-4, atol=1e-5, dtype=False)
    pixels = torch.tensor([[[[0, 127, 255]]]], dtype=torch.uint8)
    yield Case(
        "three grey pixels, that you can do by hand",
        call("normalise_images", pixels, torch.tensor([0.5]), torch.tensor([0.25])),
        "Scale first: black is 0 and white is 1. Then what is (1 − 0.5) / 0.25?",
        within,
    )
    yield Case(
        "a batch of colour images, (5, 3, 6, 4)",
        call("normalise_images", random_images(rng, 5, 3, 6, 4), *random_statistics(rng, 3)),
        "Each channel has its own mean and std. " + _AXIS,
        within,
        weight=2.0,
    )
    yield Case(
        "all four axes equally long, (3, 3, 3, 3): a wrong axis raises no error",
        call("normalise_images", random_images(rng, 3, 3, 3, 3), *random_statistics(rng, 3)),
        _AXIS,
        within,
    )
    yield Case(
        "float32 comes out",
        ask(
            _dtype_after,
            "normalise_images",
            random_images(rng, 2, 1, 4, 4),
            *random_statistics(rng, 1),
            text="dtype of normalise_images(images, mean, std)",
        ),
        "Weights are float32 by default; a network refuses a batch of another dtype.",
        same(),
        "float32",
        weight=0.5,
    )


def _dtype_after(function: Callable[..., Any], *args: Any) -> str:
    """The dtype of the answer, if it is an answer: floats that are not all the same."""
    result = function(*args)
    if not isinstance(result, Tensor):
        return f"no tensor but {type(result).__name__}"
    return str(result.dtype).removeprefix("torch.")


def random_images(rng: torch.Generator, *shape: int) -> Tensor:
    """Bytes of every level, (N, C, H, W)."""
    return torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)


def random_statistics(rng: torch.Generator, channels: int) -> tuple[Tensor, Tensor]:
    """Means in [0.2, 0.6] and standard deviations in [0.15, 0.45], each (C,) and all different."""
    steps = torch.arange(channels) + torch.rand(channels, generator=rng) * 0.8
    order = torch.randperm(channels, generator=rng)
    return 0.2 + 0.4 * steps / channels, (0.15 + 0.3 * steps / channels)[order]


# --- topk_error ----------------------------------------------------------------------------------


def ranked(
    rng: torch.Generator, ranks: Tensor, classes: int, *, shift: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Logits without ties in which each label has a given rank.

    Args:
        rng: random generator.
        ranks: (N,) whole numbers in 1…K; 1 means that the label has the greatest logit.
        classes: K.
        shift: added to all logits.

    Returns:
        Logits (N, K) in float64 and labels (N,).
    """
    count = len(ranks)
    values = torch.randn(count, classes, generator=rng, dtype=torch.float64) + shift
    order = torch.rand(count, classes, generator=rng).argsort(dim=1)  # class at each rank
    falling = values.sort(dim=1, descending=True).values
    logits = torch.empty_like(values).scatter_(1, order, falling)
    return logits, order.gather(1, ranks[:, None] - 1)[:, 0]


def random_ranks(rng: torch.Generator, count: int, classes: int) -> Tensor:
    """Ranks as a half-trained network has them: often first, now and then far behind."""
    share = 0.6 ** torch.arange(classes)
    ranks = torch.multinomial(share, count, replacement=True, generator=rng) + 1
    ranks[:2] = torch.tensor([1, classes])  # the best and the worst, at least once each
    return ranks


def _rank(logits: Tensor, labels: Tensor) -> Tensor:
    falling = torch.sort(logits, dim=1, descending=True).indices
    return torch.nonzero(falling == labels[:, None])[:, 1] + 1


def _topk_error(logits: Tensor, labels: Tensor, k: int) -> float:
    if not 1 <= k <= logits.shape[1]:
        raise ValueError
    return float(torch.count_nonzero(_rank(logits, labels) > k)) / len(labels)


def _wrong(function: Callable[[Tensor, Tensor, int], Tensor]) -> dict[str, Any]:
    # Refuses a k out of range as it should, so that a mistake is recognised by its values.
    def topk_error(logits: Tensor, labels: Tensor, k: int) -> float:
        if not 1 <= k <= logits.shape[1]:
            raise ValueError
        return function(logits, labels, k).item()

    return {"topk_error": topk_error}


def _by_rank(function: Callable[[Tensor, int], Tensor]) -> dict[str, Any]:
    return _wrong(lambda logits, labels, k: function(_rank(logits, labels), k))


def _guesses(logits: Tensor, k: int, dim: int = 1) -> Tensor:
    return logits.topk(k, dim=dim).indices


def _masked_with_zero(logits: Tensor, labels: Tensor, k: int) -> Tensor:
    # Takes the greatest k times over, and writes 0 where it was: wrong below zero.
    missed = torch.ones(len(labels), dtype=torch.bool)
    for _ in range(k):
        best = logits.max(dim=1, keepdim=True).indices
        missed &= best[:, 0] != labels
        logits = logits.scatter(1, best, 0.0)
    return missed.double().mean()


TOPK_MISTAKES = [
    Mistake(
        "accuracy",
        _by_rank(lambda rank, k: (rank <= k).double().mean()),
        "A perfect network has error 0. What would yours get?",
    ),
    Mistake(
        "percent",
        _by_rank(lambda rank, k: (rank > k).double().mean() * 100),
        "Per cent are for people to read; this function returns a fraction in [0, 1].",
    ),
    Mistake(
        "accuracy_percent",
        _by_rank(lambda rank, k: (rank <= k).double().mean() * 100),
        "A perfect network has error 0; and the answer is a fraction in [0, 1].",
    ),
    Mistake(
        "count",
        _by_rank(lambda rank, k: (rank > k).sum()),
        "That is how many images are wrong. What share of the batch are they?",
    ),
    Mistake(
        "count_of_hits",
        _by_rank(lambda rank, k: (rank <= k).sum()),
        "That is how many images are right. What share of the batch is wrong?",
    ),
    Mistake(
        "always_first",
        _by_rank(lambda rank, k: (rank > 1).double().mean()),
        "Your answer looks at the best class alone, whatever k is.",
    ),
    Mistake(
        "only_the_kth",
        _by_rank(lambda rank, k: (rank != k).double().mean()),
        "The label may be any of the k best classes, not the k-th only.",
    ),
    Mistake(
        "one_too_few",
        _by_rank(lambda rank, k: (rank >= k).double().mean()),
        "k = 1 allows one guess. How many does your answer allow?",
    ),
    Mistake(
        "one_too_many",
        _by_rank(lambda rank, k: (rank > k + 1).double().mean()),
        "k = 1 allows one guess. How many does your answer allow?",
    ),
    Mistake(
        "along_the_batch",
        _wrong(lambda x, y, k: (_guesses(x, k, dim=0) != y).all(dim=0).double().mean()),
        "You compare images with each other. In (N, K), along which axis lie the classes?",
    ),
    Mistake(
        "labels_broadcast",
        _wrong(lambda x, y, k: (_guesses(x, k) != y).all(dim=1).double().mean()),
        "Print the shapes of the two sides of `==`. Is image i compared with label i only?",
    ),
    Mistake(
        "mean_over_guesses",
        _wrong(lambda x, y, k: (_guesses(x, k) != y[:, None]).double().mean()),
        "You average over all k guesses of all images. How many verdicts has one image?",
    ),
    Mistake(
        "smallest",
        _wrong(lambda x, y, k: (_rank(-x, y) > k).double().mean()),
        "These are the classes with the smallest logits. In which order did you sort?",
    ),
    Mistake(
        "masked_with_zero",
        _wrong(_masked_with_zero),
        "Logits may all be negative. Which number is below every one of them?",
    ),
]


@check.define(oracle={"topk_error": _topk_error}, mistakes=TOPK_MISTAKES)
def topk_error(rng: torch.Generator) -> Iterator[Case]:
    """The share of images whose label is not among the k classes with the greatest logits."""
    yield _by_hand()
    batch = ranked(rng, random_ranks(rng, 101, 10), 10)
    yield Case(
        "101 images, 10 classes, k = 1: the ordinary error",
        call("topk_error", *batch, 1),
        "With k = 1 one guess is allowed: the class with the greatest logit.",
        weight=1.5,
    )
    yield Case(
        "as many images as classes, (9, 9): a wrong axis raises no error",
        errors_at(*ranked(rng, random_ranks(rng, 9, 9), 9), (1, 2, 3)),
        "In (N, K), along which axis lie the classes?",
    )
    yield Case(
        "101 images, 10 classes, k = 2, 3, 5",
        errors_at(*batch, (2, 3, 5)),
        "Take one image aside: which classes does it guess, and is its label one of them?",
        weight=2.5,
    )
    yield Case(
        "most logits negative",
        errors_at(*ranked(rng, random_ranks(rng, 53, 7), 7, shift=-0.7), (1, 2, 4)),
        "A logit is any number; only the order within a row counts.",
    )
    yield Case(
        "k = K + 1 raises a ValueError",
        ask(_raised, "topk_error", *batch, 11, text="topk_error(logits (101, 10), labels, k=11)"),
        "Nobody has eleven guesses among ten classes. An early `raise ValueError(…)` that names "
        "both numbers saves a search later.",
        same(),
        "ValueError",
        weight=0.25,
    )


def _by_hand() -> Case:
    rows = [[0.1, 0.7, 0.2, -1.0], [0.5, 0.2, -0.1, 0.3], [0.3, 0.6, 0.1, 0.2]]
    labels = [2, 2, 1]
    probe = errors_at(torch.tensor(rows), torch.tensor(labels), (1, 2, 3, 4))
    return Case(
        "three images and four classes, that you can do by hand",
        replace(probe, text=f"logits = {rows}, labels = {labels}, k = 1, 2, 3, 4"),
        "Write down, for each row, the k classes with the greatest logits.",
        expected={"k = 1": 2 / 3, "k = 2": 1 / 3, "k = 3": 1 / 3, "k = 4": 0.0},
    )


def errors_at(logits: Tensor, labels: Tensor, ks: tuple[int, ...]) -> Probe:
    """Ask for the top-k error at several k at once.

    One number of a small batch may come out right, or like another mistake's, by chance; a
    whole series hardly does.
    """
    shape = tuple(logits.shape)
    text = f"topk_error(logits {shape}, labels, k) for k = {', '.join(map(str, ks))}"
    return ask(_for_each_k, "topk_error", logits, labels, ks, text=text)


def _for_each_k(
    function: Callable[..., Any], logits: Tensor, labels: Tensor, ks: tuple[int, ...]
) -> dict[str, Any]:
    return {f"k = {k}": function(logits.clone(), labels, k) for k in ks}


def _raised(function: Callable[..., Any], *args: Any) -> str:
    """Name of the exception that the function raises on these arguments."""
    try:
        function(*args)
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "no error"


# --- accuracy_by_class ---------------------------------------------------------------------------


def _confusion(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """(num_classes, num_classes) counts: rows are labels, columns are guesses."""
    guessed = F.one_hot(logits.max(dim=1).indices, num_classes).double()
    return F.one_hot(labels, num_classes).double().T @ guessed


def _recall(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    table = _confusion(logits, labels, num_classes)
    return table.diagonal() / table.sum(dim=1)  # 0 / 0 is NaN


def _by_table(wrong: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    return {"accuracy_by_class": lambda *args: wrong(_confusion(*args))}


def _overall(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    table = _confusion(logits, labels, num_classes)
    return (table.trace() / table.sum()).expand(num_classes)


BY_CLASS_MISTAKES = [
    Mistake(
        "share_of_batch",
        _by_table(lambda table: table.diagonal() / table.sum()),
        "Your values add up to the overall accuracy. Of how many images is each one a share?",
    ),
    Mistake(
        "share_of_guesses",
        _by_table(lambda table: table.diagonal() / table.sum(dim=0)),
        "You divide by how often the class was guessed (the precision). Among which images is the "
        "accuracy of a class measured?",
    ),
    Mistake(
        "zero_when_absent",
        _by_table(lambda table: (table.diagonal() / table.sum(dim=1)).nan_to_num(0.0)),
        "0 says: all images of this class were wrong. But there were none of it.",
    ),
    Mistake(
        "one_when_absent",
        _by_table(lambda table: (table.diagonal() / table.sum(dim=1)).nan_to_num(1.0)),
        "1 says: all images of this class were right. But there were none of it.",
    ),
    Mistake(
        "absent_left_out",
        _by_table(lambda table: (table.diagonal() / table.sum(dim=1))[table.sum(dim=1) > 0]),
        "Position i of the answer stands for class i. Is that so, if a class is left out?",
    ),
    Mistake(
        "error",
        _by_table(lambda table: 1 - table.diagonal() / table.sum(dim=1)),
        "That is the error of each class; the accuracy is asked for.",
    ),
    Mistake(
        "count",
        _by_table(lambda table: table.diagonal()),
        "These are counts. Of how many images of the class?",
    ),
    Mistake(
        "percent",
        _by_table(lambda table: 100 * table.diagonal() / table.sum(dim=1)),
        "A fraction in [0, 1], please; per cent are for people to read.",
    ),
    Mistake(
        "overall",
        {"accuracy_by_class": _overall},
        "All classes have the same value. Which images belong to class 0?",
    ),
]


@check.define(oracle={"accuracy_by_class": _recall}, mistakes=BY_CLASS_MISTAKES)
def accuracy_by_class(rng: torch.Generator) -> Iterator[Case]:
    """For each class: the share of its images that are guessed right."""
    within = close(rtol=1e-5, atol=1e-6, dtype=False)
    logits = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    yield Case(
        "three images and two classes, that you can do by hand",
        call("accuracy_by_class", logits, torch.tensor([0, 0, 1]), 2),
        "Two images are of class 0; how many of the two are guessed right?",
        within,
        weight=0.5,
    )
    logits, labels = uneven(rng, 203, 6)
    yield Case(
        "203 images, 6 classes of different sizes",
        call("accuracy_by_class", logits, labels, 6),
        "Choose the images of one class with `labels == c`, then look at their guesses only.",
        within,
        weight=2.0,
    )
    logits, labels = uneven(rng, 60, 5)
    logits, labels = logits[labels != 4], labels[labels != 4]
    yield Case(
        "no image of the last class: NaN there",
        call("accuracy_by_class", logits, labels, 5),
        "The answer has num_classes values, whatever classes the batch holds; a class without "
        "images has no accuracy, and says so with NaN.",
        within,
    )


def uneven(rng: torch.Generator, count: int, classes: int) -> tuple[Tensor, Tensor]:
    """Logits (N, K) and labels (N,): later classes are rarer, and are guessed worse."""
    share = 0.7 ** torch.arange(classes)
    labels = torch.multinomial(share, count, replacement=True, generator=rng)
    labels[:classes] = torch.arange(classes)  # each class at least once
    lead = F.one_hot(labels, classes) * (2.5 - 2 * labels[:, None] / classes)
    logits = torch.randn(count, classes, generator=rng, dtype=torch.float64) + lead
    logits[-classes:] = 3.0 * F.one_hot(
        torch.arange(classes), classes
    )  # each guessed at least once
    return logits, labels
