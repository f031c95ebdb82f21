"""Large values in few numbers: enough to tell whether an answer is right, or a known mistake.

A stored check must be small and hold nothing that could be handed in. So of a large tensor a
:class:`Sketch` is kept, some of its values and random sums over all of them; and of what a known
mistake answers a :class:`Fingerprint`, two random sums in all.

Random sums: with signs or weights drawn independently of the values, two tensors that differ
anywhere have different sums but for bad luck (Johnson and Lindenstrauss 1984; Achlioptas 2003
for signs).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

WHOLE = 192  # tensors with at most this many elements are kept as they are
SHOWN = 8  # elements of a larger one that are kept
SUMS = 3
SPREAD = 8.0  # deviations of a sum that rounding may cause
ALIKE = 1e-4  # relative tolerance of fingerprints: float32 and other orders of adding fit
HUGE = 1e150  # beyond it sums would overflow
DIGITS = 6  # of a structure's digest
SEALED = "sealed "
SLOW = 20_000  # rounds of a sealed digest, some 10 ms
EXACT = 1e-8  # the same where nothing but equal values counts: whole numbers


@dataclass(frozen=True)
class Sketch:
    """Of a large tensor: some values, and signed sums over all.

    Attributes:
        shape: of the tensor.
        dtype: of the tensor.
        values: those at :attr:`places`, float64.
        sums: each over all values with signs of its own.
        size: root of the sum of all squares; it scales what rounding may change in a sum.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    values: tuple[float, ...]
    sums: tuple[float, ...]
    size: float

    @classmethod
    def of(cls, tensor: Tensor) -> Sketch:
        """The sketch of a floating-point tensor whose values are all finite."""
        flat = tensor.detach().to(torch.float64).flatten()
        return cls(
            tuple(tensor.shape),
            tensor.dtype,
            tuple(flat[_spread_over(len(flat))].tolist()),
            tuple(signed_sums(flat).tolist()),
            float(flat.norm()),
        )

    @property
    def places(self) -> list[int]:
        """Flat indices of the values that are kept."""
        found: list[int] = _spread_over(math.prod(self.shape)).tolist()
        return found

    def sums_agree(self, answer: Tensor, rtol: float, atol: float) -> bool:
        """Whether the sums of an answer of this shape are the same up to rounding."""
        found = signed_sums(answer.detach().to(torch.float64).flatten())
        slack = SPREAD * (rtol * self.size + atol * math.sqrt(answer.numel()))
        wanted = torch.tensor(self.sums, dtype=torch.float64)
        return bool(((found - wanted).abs() <= slack).all())


def sketched(value: Any) -> Any:
    """``value`` with a :class:`Sketch` in the place of every large floating-point tensor."""
    if isinstance(value, Tensor):
        large = value.numel() > WHOLE and value.is_floating_point()
        return Sketch.of(value) if large and bool(value.isfinite().all()) else value
    if isinstance(value, Mapping):
        return {key: sketched(item) for key, item in value.items()}
    if isinstance(value, list):
        return [sketched(item) for item in value]
    return value


def _spread_over(count: int) -> Tensor:
    return torch.arange(SHOWN) * (count - 1) // (SHOWN - 1)


def signed_sums(flat: Tensor) -> Tensor:
    """Sums ``(SUMS,)`` over ``flat (N,)``, each with random signs."""
    return _signs(len(flat)) @ flat


@lru_cache(maxsize=16)
def _signs(count: int) -> Tensor:
    # RandomState's stream is frozen: the same numbers on every platform and version.
    drawn = np.random.RandomState(SUMS).randint(0, 2, (SUMS, count), dtype=np.int8)
    return torch.from_numpy(drawn).to(torch.float64) * 2 - 1


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a known mistake's answer: its structure's digest and two weighted sums.

    Unless only equal values count, numbers are compressed before they are summed (asinh), so that
    a large one among them does not hide what the small ones say.

    Attributes:
        structure: digest of the kinds, keys, shapes and texts in it, and where it is not finite.
        sums: over all its numbers, with weights between 1/2 and 3/2 and random signs.
    """

    structure: str
    sums: tuple[float, float]

    @classmethod
    def of(cls, value: Any, *, dtype: bool, rtol: float = 0.0, atol: float = 0.0) -> Fingerprint:
        """The fingerprint of a plain value; the rest says how :meth:`fits` will compare."""
        return Reading(value, dtype=dtype, rtol=rtol, atol=atol).plain

    @classmethod
    def sealed(cls, value: Any) -> Fingerprint:
        """Of a value that nobody may find out from what is kept: a slow digest, no sums."""
        return Reading(value, dtype=False).sealed

    @property
    def sealed_already(self) -> bool:
        """Whether it came from :meth:`sealed`."""
        return self.structure.startswith(SEALED)

    def fits(self, value: Any, *, dtype: bool, rtol: float = 0.0, atol: float = 0.0) -> bool:
        """Whether a value has this fingerprint, up to rounding or a wider tolerance; without any
        tolerance, exactly.
        """
        return Reading(value, dtype=dtype, rtol=rtol, atol=atol).fits(self)


class Reading:
    """A value read once, to compare it with many fingerprints.

    Args:
        value: plain.
        dtype: whether dtypes count.
        rtol: a relative tolerance; without any tolerance, exactly.
        atol: an absolute tolerance.
    """

    def __init__(self, value: Any, *, dtype: bool, rtol: float = 0.0, atol: float = 0.0) -> None:
        self.value, self.dtype, self.rtol, self.atol = value, dtype, rtol, atol

    @cached_property
    def sealed(self) -> Fingerprint:
        """The value's sealed fingerprint."""
        structure, numbers = _taken_apart(self.value, dtype=False)
        text = f"{structure}{numbers.tolist()}".encode()
        digest = hashlib.pbkdf2_hmac("sha256", text, b"fingerprint", SLOW)
        return Fingerprint(f"{SEALED}{digest.hex()[:16]}", (0.0, 0.0))

    @property
    def plain(self) -> Fingerprint:
        """The value's fingerprint."""
        structure, sums, _ = self._read
        return Fingerprint(structure, sums)

    def fits(self, kept: Fingerprint) -> bool:
        """Whether the value has this fingerprint."""
        if kept.sealed_already:
            return kept == self.sealed
        structure, sums, slack = self._read
        pairs = zip(sums, kept.sums, slack, strict=True)
        return structure == kept.structure and all(abs(a - b) <= room for a, b, room in pairs)

    @cached_property
    def _read(self) -> tuple[str, tuple[float, float], tuple[float, float]]:
        """Structure, sums, and how far each sum may be off."""
        structure, numbers = _taken_apart(self.value, self.dtype)
        exact = not (self.rtol or self.atol)
        terms = _weighted(numbers, exact=exact)
        alike = EXACT if exact else max(ALIKE, self.rtol)
        room = alike * terms.norm(dim=1) + (self.atol + 1e-12) * len(numbers) ** 0.5
        (first, second), (one, other) = terms.sum(dim=1).tolist(), room.tolist()
        return structure, (first, second), (one, other)


def _taken_apart(value: Any, dtype: bool) -> tuple[str, Tensor]:
    """Digest of everything but the finite numbers, and these ``(N,)``, float64."""
    parts, numbers = [], list[Tensor]()
    for text, tensor in _leaves(value, dtype):
        parts.append(text)
        if tensor is not None:
            finite = tensor.isfinite()
            numbers.append(tensor[finite])
            if not finite.all():
                parts.append(str(tensor[~finite].tolist()) + str(finite.int().tolist()))
    digest = hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:DIGITS]
    return digest, torch.cat(numbers) if numbers else torch.zeros(0, dtype=torch.float64)


def _leaves(value: Any, dtype: bool) -> Iterator[tuple[str, Tensor | None]]:
    if isinstance(value, Tensor):
        kind = str(value.dtype) if dtype else "tensor"
        flat = value.detach().flatten()
        real = torch.view_as_real(flat).flatten() if flat.is_complex() else flat
        yield f"{kind}{tuple(value.shape)}", real.to(torch.float64)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        exact = isinstance(value, float) or abs(value) < HUGE
        yield "number", torch.tensor([float(value) if exact else HUGE], dtype=torch.float64)
    elif isinstance(value, Mapping):
        yield "{", None
        for key in sorted(value):
            yield key, None
            yield from _leaves(value[key], dtype)
    elif isinstance(value, list):
        yield f"[{len(value)}", None
        for item in value:
            yield from _leaves(item, dtype)
    else:
        yield repr(value), None


def _weighted(numbers: Tensor, exact: bool) -> Tensor:
    return _weights(len(numbers)) * (numbers.clamp(-HUGE, HUGE) if exact else numbers.asinh())


@lru_cache(maxsize=16)
def _weights(count: int) -> Tensor:
    state = np.random.RandomState(3)
    sizes = torch.from_numpy(state.random_sample((2, count)) + 0.5)
    signs = torch.from_numpy(state.randint(0, 2, (2, count), dtype=np.int8)).to(torch.float64)
    return sizes * (signs * 2 - 1)
