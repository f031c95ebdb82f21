"""Where data may come from, tried one after the other, each failure with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from course.data.dataset import Split

T = TypeVar("T")


class DataError(RuntimeError):
    """No usable data: the message says what was expected, what was found and what to do."""


class SourceUnavailable(Exception):
    """One source can't give the data; the message is the reason, short enough for a list."""


@dataclass(frozen=True)
class Splits:
    """The two splits that a source gave."""

    train: Split
    test: Split

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of training and test images."""
        return len(self.train), len(self.test)


@dataclass(frozen=True)
class Request:
    """What the caller of ``load`` asked for, and what the surroundings allow.

    Attributes:
        folder: looked in first: ``root``, else ``COURSE_DATA``.
        no_network: why the network may not be used; ``None`` where it may.
        size: numbers of training and test images; ``None``: all.
        image_size: side in pixels, for the data sets that come at any size.
    """

    profile: str = "quick"
    folder: Path | None = None
    no_network: str | None = None
    size: tuple[int, int] | None = None
    image_size: int | None = None
    progress: bool = False


@dataclass(frozen=True)
class Source(Generic[T]):
    """One place to look: ``origin`` is said when it gave the data.

    ``keep``: worth a copy in the cache, because reading it again would be slow.
    """

    origin: str
    read: Callable[[], T]
    keep: bool = False


@dataclass(frozen=True)
class Search(Generic[T]):
    """The first source that gave data, if any did.

    ``reasons``: why each one before it didn't, by origin.
    """

    found: T | None
    source: Source[T] | None
    reasons: dict[str, str]


def first_available(sources: Iterable[Source[T]]) -> Search[T]:
    """Try the sources in order."""
    reasons: dict[str, str] = {}
    for source in sources:
        try:
            return Search(source.read(), source, reasons)
        except SourceUnavailable as reason:
            reasons[source.origin] = str(reason)
    return Search(None, None, reasons)


def unavailable(origin: str, reason: str) -> Source[Any]:
    """A source that is known to fail, so that the list of reasons is complete."""

    def refuse() -> NoReturn:
        raise SourceUnavailable(reason)

    return Source(origin, refuse)


@dataclass(frozen=True)
class Expected:
    """What a whole data set looks like; ``shape`` is ``(C, H, W)``."""

    counts: tuple[int, int]
    shape: tuple[int, int, int]
    classes: int = 10

    def check(self, splits: Splits, where: object) -> Splits:
        """Hand ``splits`` through; ``where`` they were found is part of the message.

        Raises:
            SourceUnavailable: another number of images, shape or range of labels.
        """
        for part, split, count in zip(
            ("training", "test"), (splits.train, splits.test), self.counts, strict=True
        ):
            shape, wanted = tuple(split.images.shape), (count, *self.shape)
            if shape != wanted:
                raise SourceUnavailable(f"{where}: {part} images {shape} found, {wanted} expected")
            if int(split.labels.min()) < 0 or int(split.labels.max()) >= self.classes:
                raise SourceUnavailable(f"{where}: {part} labels outside 0 to {self.classes - 1}")
        return splits


@dataclass(frozen=True)
class Fallback:
    """Why this is not what was asked for, and how to get that."""

    wanted: str
    reasons: Iterable[str]
    next_step: str


@dataclass(frozen=True)
class Loaded:
    """What a loader hands to ``load``.

    Attributes:
        title: what and from where: ``Fashion-MNIST, bundled subset``.
        available: numbers of images there were, where the loader took a subset itself.
        remarks: said after the description, where not empty.
    """

    name: str
    title: str
    splits: Splits
    classes: tuple[str, ...]
    available: tuple[int, int] | None = None
    remarks: Sequence[str] = ()
    fallback: Fallback | None = None
