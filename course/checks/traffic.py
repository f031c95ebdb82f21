"""What flows into the weighted operations of a network, however it is written.

A question about dropout should not look for layers of some class or for calls of one function:
dropout may be a module, a function under any name, or a mask drawn by hand. What counts is which
inputs of which weights are zero in training and not at evaluation. So this looks below all of
PyTorch's Python, at convolutions and matrix products with tensors that the images do not reach.

From one pass to the next every such operation gives what it gave the first time, whatever it is
fed. So each is seen by itself: what was dropped further up does not arrive. For the same reason
BatchNorm uses its running statistics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course.checks.probes import ProbeError
from course.device import seeded

UNKNOWN = 2  # in ``dropped``: zero at evaluation too, so nobody can tell
ALIKE = 1e-4  # relative: of factors that are the same

Key = tuple[Any, ...]
Weighted = tuple[Tensor, tuple[int, int], Tensor]
"""A weight, its size ``(out, rest)``, and what it is multiplied with ``(…, rest)``."""


@dataclass
class Past:
    """What passes before have shown, so that the next ones need not find it out again.

    Attributes:
        gave: what each operation gave the first time.
        had: what arrived there; an equal input later is the same object.
        sums: of the values of weights that have not been written to since.
    """

    gave: dict[Key, Tensor] = field(default_factory=dict)
    had: dict[Key, Tensor] = field(default_factory=dict)
    sums: dict[Key, tuple[float, float]] = field(default_factory=dict)

    def arrived(self, key: Key, value: Tensor) -> Tensor:
        """A copy of what arrives, or what arrived before if it is equal."""
        before = self.had.get(key)
        if before is not None and torch.equal(before, value):
            return before
        copy = value.detach().clone()
        self.had.setdefault(key, copy)
        return copy


@dataclass(frozen=True)
class Entry:
    """One weighted operation of a pass, or an output of the network: what arrived there.

    Attributes:
        key: the same in every pass.
        size: ``(out, rest)`` of the weight; ``(units,)`` of an output.
        arrived: the input, or the output.
    """

    key: Key
    size: tuple[int, ...]
    arrived: Tensor


def masks(model: nn.Module, images: Tensor, calls: int, seed: int) -> list[dict[str, Any]]:
    """Where inputs are dropped in training, by ``calls`` passes of the same images.

    Listed are the weighted operations whose input is another one in training than at evaluation,
    and outputs of the network that are random, in the order in which they run: not in that in which
    layers were made. An operation that runs in training only is compared with itself in other
    calls; then give at least 16. The model is left as it was.

    Args:
        model: in any mode.
        images: ``(images, …)``.
        calls: passes in training mode.
        seed: of all of them together.

    Returns:
        For each: ``size``, ``[out, rest]`` of the weight (``[units]`` of an output); ``dropped``,
        uint8 ``(calls, images, units)``, 1 where an input is zero in this call, and 2 where it is
        zero at evaluation too; ``scale``, kept inputs over those at evaluation, None if it does not
        run there; ``off``, the share of kept inputs with another factor. :class:`DroppedInputs
        <course.checks.dropping.DroppedInputs>` judges them.

    Raises:
        ProbeError: evaluation is random.
    """
    past = Past()
    with _as_it_was(model), seeded(seed), torch.no_grad():
        rest = _by_key(entries(model.eval(), images, past))
        again = _by_key(entries(model.eval(), images, past))
        _check_rest(rest, again)
        busy = [entries(model.train(), images, past) for _ in range(calls)]
    later = [_by_key(one) for one in busy]
    lines = (_line(one, rest.get(one.key), later, len(images)) for one in busy[0])
    return [line for line in lines if line is not None]


def entries(model: nn.Module, images: Tensor, past: Past) -> list[Entry]:
    """The weighted operations of one pass, in order, then the outputs.

    Args:
        model: run in the mode that it is in.
        images: ``(images, …)``.
        past: of passes before; operations give again what they gave there, and new ones are added.
    """
    with Traffic(past, {_place(one) for one in model.parameters()}) as traffic:
        result = model(traffic.followed(images.clone()))
    outputs = [one for one in tree_leaves(result) if isinstance(one, Tensor)]
    named = [
        Entry(("output", number), (one[:1].numel(),), one)
        for number, one in enumerate(outputs)
        if one.ndim and one.is_floating_point()
    ]
    return [*traffic.entries, *named]


class Traffic(TorchDispatchMode):
    """Takes down the weighted operations that the images reach, while it is entered.

    Args:
        past: see :func:`entries`.
        lasting: where memory lies that outlives the passes, as that of parameters.
    """

    def __init__(self, past: Past, lasting: Container[int]) -> None:
        super().__init__()
        self.past, self.lasting = past, lasting
        self.entries: list[Entry] = []
        self._reached: dict[int, Any] = {}
        self._runs = Counter[Key]()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else torch imports its compiler, which takes seconds, to keep it out

    def followed(self, images: Tensor) -> Tensor:
        """The images; whatever is computed from them is known to be."""
        self._mark(images)
        return images

    def reaches(self, value: Any) -> bool:
        """Whether the images reach a value."""
        return isinstance(value, Tensor) and _place(value) in self._reached

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation, and take down what there is to tell of it."""
        kwargs = kwargs or {}
        if torch.is_inference_mode_enabled():  # there composed operations arrive whole
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        result = self._run(func, args, kwargs)
        if any(map(self.reaches, _parts((*args, *kwargs.values())))):
            for one in _parts(result):
                self._mark(one)
        return result

    def _run(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        packet = func.overloadpacket
        if packet in NORMS:
            return _at_rest(func, args, kwargs)
        found = READERS[packet](self.reaches, *args) if packet in READERS else None
        if found is None:
            return func(*args, **kwargs)
        weight, size, arrived = found
        key = self._key(weight, size, arrived)
        self.entries.append(Entry(key, size, self.past.arrived(key, arrived)))
        if key not in self.past.gave:
            self.past.gave[key] = func(*args, **kwargs).detach()
        return self.past.gave[key].clone()

    def _key(self, weight: Tensor, size: tuple[int, int], arrived: Tensor) -> Key:
        """Of a weight by its values, since it may be computed anew in each pass."""
        which = (*size, *self._sums(weight), tuple(arrived.shape))
        self._runs[which] += 1
        return (*which, self._runs[which])

    def _sums(self, weight: Tensor) -> tuple[float, float]:
        if weight.is_inference() or _place(weight) not in self.lasting:
            return _sums(weight)
        facts = (weight.storage_offset(), weight.shape, weight.stride(), weight._version)
        state = (_place(weight), *facts)
        if state not in self.past.sums:
            self.past.sums[state] = _sums(weight)
        return self.past.sums[state]

    def _mark(self, value: Any) -> None:
        if isinstance(value, Tensor):  # the storage is held, so that no other gets its place
            self._reached[_place(value)] = value.untyped_storage()


def _place(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _sums(weight: Tensor) -> tuple[float, float]:
    plain = weight.detach().double()
    return float(plain.sum()), float(plain.square().sum())


def _parts(value: Any) -> Iterator[Any]:
    """What operations take and give, one by one: some are in lists."""
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, list | tuple):
            yield from one
        else:
            yield one


# Operations ------------------------------------------------------------------------------------

Reaches = Callable[[Any], bool]


def _convolution(reaches: Reaches, x: Tensor, weight: Tensor, *rest: Any) -> Weighted | None:
    if not reaches(x) or reaches(weight):
        return None
    transposed, groups = rest[4], rest[6]
    rows, columns = weight.shape[0], weight.shape[1]
    out, into = (columns * groups, rows // groups) if transposed else (rows, columns)
    return weight, (out, into * weight[0, 0].numel()), x.flatten(1)


def _product(reaches: Reaches, first: Tensor, second: Tensor) -> Weighted | None:
    if reaches(first) == reaches(second):
        return None
    images, weight = (first, second) if reaches(first) else (second.mT, first.mT)
    return weight, (weight.shape[-1], weight.shape[-2]), images


def _with_vector(reaches: Reaches, first: Tensor, second: Tensor) -> Weighted | None:
    return _product(reaches, torch.atleast_2d(first), second[:, None])


def _behind_sum(reader: Callable[..., Weighted | None]) -> Callable[..., Weighted | None]:
    return lambda reaches, added, first, second: reader(reaches, first, second)


_aten: Any = torch.ops.aten

READERS: Mapping[Any, Callable[..., Weighted | None]] = {
    _aten.convolution: _convolution,
    _aten.mm: _product,
    _aten.bmm: _product,
    _aten.mv: _with_vector,
    _aten.dot: _with_vector,
    _aten.addmm: _behind_sum(_product),
    _aten.baddbmm: _behind_sum(_product),
    _aten.addmv: _behind_sum(_with_vector),
}

NORMS = (_aten.native_batch_norm, _aten._native_batch_norm_legit, _aten.cudnn_batch_norm)


def _at_rest(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """BatchNorm by its running statistics, which stay as they are; by the batch's without any."""
    x, weight, bias, mean, variance, *settings = args
    if len(args) != 8 or mean is None or variance is None:
        return func(*args, **kwargs)
    return func(x, weight, bias, mean, variance, False, *settings[1:], **kwargs)


# From passes to answers ------------------------------------------------------------------------


@contextmanager
def _as_it_was(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(one, one.clone()) for one in model.buffers()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        for one, before in buffers:
            with torch.no_grad():
                one.copy_(before)


def _by_key(found: list[Entry]) -> dict[Key, Entry]:
    return {one.key: one for one in found}


def _check_rest(first: Mapping[Key, Entry], second: Mapping[Key, Entry]) -> None:
    for key, one in first.items():
        other = second.get(key)
        if other is None or not (other.arrived is one.arrived or _same(one.arrived, other.arrived)):
            raise ProbeError(f"evaluation is random: two passes differ {where(list(one.size))}")


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, 0, 0, equal_nan=True)


def where(size: list[int]) -> str:
    """The place of an operation of this size, in words."""
    if len(size) == 2:
        return f"at the input of the layer {size[1]} → {size[0]}"
    return "in the network's output"


def _line(
    entry: Entry, rest: Entry | None, busy: list[dict[Key, Entry]], images: int
) -> dict[str, Any] | None:
    """What there is to tell of an operation; None if training and evaluation feed it the same."""
    arrived = [one[entry.key].arrived for one in busy if entry.key in one]
    if entry.key[0] == "output":  # training may give other outputs than evaluation
        rest = rest if rest is not None and rest.arrived.shape == entry.arrived.shape else None
        compared = arrived[1:]
    else:
        compared = [*arrived[1:], *([rest.arrived] if rest is not None else [])]
    if all(_alike(one, arrived[0]) for one in compared):
        return None
    rows = torch.stack([_rows(one, images) for one in arrived])
    return {"size": list(entry.size), **_told(rows, _rows(rest.arrived, images) if rest else None)}


def _alike(one: Tensor, other: Tensor) -> bool:
    if one is other:
        return True
    return one.shape == other.shape and torch.allclose(one, other, ALIKE, 0.0)


def _rows(arrived: Tensor, images: int) -> Tensor:
    """``(images, units)``, or one row where images can't be told apart."""
    plain = arrived.detach().double()
    rows = plain.shape[:-1].numel() if plain.ndim > 1 else len(plain)
    return plain.reshape(images if plain.numel() and rows % images == 0 else 1, -1)


def _told(busy: Tensor, rest: Tensor | None) -> dict[str, Any]:
    """Of what arrived in training ``(calls, images, units)`` and at rest ``(images, units)``."""
    known = (busy != 0).any(dim=0) if rest is None else rest != 0
    dropped = (busy == 0).to(torch.uint8).masked_fill(~known, UNKNOWN)
    if rest is None:
        return {"dropped": dropped, "scale": None, "off": 0.0}
    factors = (busy / rest)[(dropped == 0) & known]
    if not len(factors):
        return {"dropped": dropped, "scale": 0.0, "off": 0.0}
    scale = factors.median()
    off = ~torch.isclose(factors, scale, ALIKE, 0.0)
    return {"dropped": dropped, "scale": float(scale), "off": float(off.double().mean())}
