"""A table of a model's layers: shapes, parameters, FLOPs, activation memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from course.device import device_of
from course.instruments.layers import is_leaf, named_modules, numbered, unknown
from course.instruments.modes import evaluation_mode
from course.instruments.rendering import as_html, as_text, scaled


def count_parameters(model: nn.Module, *, trainable_only: bool = False) -> int:
    """Number of values in the model's parameters; one shared by several layers counts once."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable_only)


@dataclass(frozen=True)
class LayerRow:
    """One call of one layer, for one input.

    Attributes:
        name: dotted name in the model.
        kind: the layer's class.
        output_shape: without the batch axis, ``(C, H, W)`` or ``(K,)``; ``None`` for a layer
            that did not run.
        parameters: values that are this layer's own and were not counted above.
        flops: multiplications and additions, each counted, of convolutions and matrix products.
            Anything else (activations, pooling, normalisation) counts 0.
        activation_bytes: size of the output. What an in-place layer or a view shares with its
            input is counted again; a module around other layers counts 0.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | None
    parameters: int
    flops: int
    activation_bytes: int


@dataclass(frozen=True)
class LayerTable:
    """The layers of a model in the order in which they run; shows itself as text and as HTML.

    Attributes:
        rows: the layers, and modules that work or hold parameters outside their layers.
        modules: the row of every module by name, blocks such as ``layer1`` too.
    """

    rows: tuple[LayerRow, ...]
    modules: dict[str, LayerRow] = field(repr=False)

    @property
    def total_parameters(self) -> int:
        """Parameters of the whole model."""
        return sum(row.parameters for row in self.rows)

    @property
    def total_flops(self) -> int:
        """FLOPs of one forward pass for one input."""
        return sum(row.flops for row in self.rows)

    @property
    def total_activation_bytes(self) -> int:
        """Bytes of all layers' outputs for one input."""
        return sum(row.activation_bytes for row in self.rows)

    def __iter__(self) -> Iterator[LayerRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> LayerRow:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(unknown(name, [row.name for row in self.rows]))

    def grouped(self, depth: int = 1) -> LayerTable:
        """The same table with one row for each block: names cut to ``depth`` parts.

        Raises:
            ValueError: ``depth`` below 1.
        """
        if depth < 1:
            raise ValueError(f"depth is the number of name parts to keep, 1 or more; found {depth}")
        groups: dict[str, list[LayerRow]] = {}
        for row in self.rows:
            groups.setdefault(".".join(row.name.split(".")[:depth]), []).append(row)
        rows = (_merged(name, self.modules.get(name), group) for name, group in groups.items())
        return LayerTable(tuple(rows), self.modules)

    def __str__(self) -> str:
        return as_text(_HEADINGS, [_cells(row) for row in self.rows], _cells(self._totals()))

    def _repr_html_(self) -> str:
        return as_html(_HEADINGS, [_cells(row) for row in self.rows], _cells(self._totals()))

    def _totals(self) -> LayerRow:
        return LayerRow(
            f"{len(self)} rows",
            "",
            None,
            self.total_parameters,
            self.total_flops,
            self.total_activation_bytes,
        )


def layer_table(
    model: nn.Module, input_shape: Sequence[int], *, device: torch.device | str = "meta"
) -> LayerTable:
    """Every layer with its output shape, parameters, FLOPs and activation memory.

    By default nothing is computed and nothing is allocated: the model is traced with tensors that
    have a shape and no values (torch's ``meta`` device), so AlexNet costs milliseconds. The model
    itself is not moved or changed, and is looked at in evaluation mode.

    Work that a model does outside its layers, in its own ``forward``, appears in a row of its own
    under the name of the module that does it. Layers that don't run (auxiliary heads) come last.

    Args:
        input_shape: of one input, without the batch axis: ``(C, H, W)`` or ``(D,)``.
        device: ``"meta"``; or where the model lies, to run it on a real input of zeros, for
            models whose forward pass reads values.

    Raises:
        ValueError: ``input_shape`` has a batch axis or a number below 1, or the model is not on
            ``device``.
        RuntimeError: the model can't run on that input; the cause is attached.
    """
    device = torch.device(device)
    _check_shape(input_shape)
    _check_place(model, device)
    tracer = _Tracer(model)
    try:
        with evaluation_mode(model), torch.no_grad(), device, tracer.tracing():
            inputs = torch.zeros(1, *input_shape, dtype=_dtype(model))
            torch.func.functional_call(model, _tensors_on(model, device), (inputs,))
    except Exception as error:
        if isinstance(error, NotImplementedError) and "aten::" not in str(error):
            raise  # an exercise that is still to be done
        raise RuntimeError(_explain_failure(model, input_shape, device, error)) from error
    return tracer.table()


# Tracing -------------------------------------------------------------------------------------


class _Tracer:
    """Watches one forward pass and charges its FLOPs to the modules that do the work."""

    def __init__(self, model: nn.Module) -> None:
        from torch.utils.flop_counter import FlopCounterMode

        self.modules = named_modules(model)
        # Taken now: while the model is traced on meta, other tensors stand in for these.
        self.own = {
            name: {id(p): p.numel() for p in module.parameters(recurse=False)}
            for name, module in self.modules.items()
        }
        self.counted: set[int] = set()
        self.calls: Counter[str] = Counter()
        self.counter = FlopCounterMode(display=False)
        self.charged = 0  # FLOPs that are some frame's already
        self.frames: list[int] = []  # own FLOPs of each module that is running, outermost first
        self.rows: list[LayerRow] = []
        self.seen: dict[str, LayerRow] = {}

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Hooks on every module and the FLOP counter, for a block."""
        with ExitStack() as stack:
            stack.enter_context(self.counter)
            for name, module in self.modules.items():
                stack.callback(module.register_forward_pre_hook(self._enter).remove)
                stack.callback(module.register_forward_hook(self._leave_hook(name)).remove)
            yield

    def table(self) -> LayerTable:
        """What was seen; parameters of layers that did not run come last."""
        idle = [self._row(name, None, 0) for name in self.modules if not self.calls[name]]
        rows = (*self.rows, *(row for row in idle if row.parameters))
        return LayerTable(rows, self.seen | {row.name: row for row in idle})

    def _charge(self) -> None:
        total = self.counter.get_total_flops()
        if self.frames:
            self.frames[-1] += total - self.charged
        self.charged = total

    def _enter(self, module: nn.Module, inputs: Any) -> None:
        self._charge()
        self.frames.append(0)

    def _leave_hook(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def leave(module: nn.Module, inputs: Any, output: Any) -> None:
            self._charge()
            self.calls[name] += 1
            row = self._row(name, output, self.frames.pop())
            self.seen[row.name] = row
            if is_leaf(module) or row.flops or row.parameters:
                self.rows.append(row)

        return leave

    def _row(self, name: str, output: Any, flops: int) -> LayerRow:
        module = self.modules[name]
        new = {key: size for key, size in self.own[name].items() if key not in self.counted}
        self.counted |= new.keys()
        tensor = _first_tensor(output)
        return LayerRow(
            name=numbered(name, max(self.calls[name], 1)),
            kind=type(module).__name__,
            output_shape=None if tensor is None else tuple(tensor.shape[1:]),
            parameters=sum(new.values()),
            flops=flops,
            activation_bytes=tensor.nbytes if tensor is not None and is_leaf(module) else 0,
        )


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Tensor):
        return output
    items = output.values() if isinstance(output, dict) else output
    return next((item for item in items or () if isinstance(item, Tensor)), None)


def _dtype(model: nn.Module) -> torch.dtype:
    dtypes = (p.dtype for p in model.parameters() if p.is_floating_point())
    return next(dtypes, torch.get_default_dtype())


def _tensors_on(model: nn.Module, device: torch.device) -> dict[str, Tensor]:
    """Stand-ins for the model's parameters and buffers on the meta device; none elsewhere."""
    if device.type != "meta":
        return {}
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    return {name: torch.empty_like(tensor, device=device) for name, tensor in tensors.items()}


def _check_shape(input_shape: Sequence[int]) -> None:
    shape = tuple(input_shape)
    if not 1 <= len(shape) <= 3 or min(shape) < 1:
        raise ValueError(
            f"expected the shape of one input without the batch axis, such as (3, 32, 32), with "
            f"numbers of 1 or more; found {shape}"
        )


def _check_place(model: nn.Module, device: torch.device) -> None:
    place = device_of(model)
    if device.type not in ("meta", place.type):
        raise ValueError(
            f"the model lies on {place}, and device={str(device)!r} was asked for: leave device "
            f"out, give {str(place)!r}, or move the model first"
        )


def _explain_failure(
    model: nn.Module, shape: Sequence[int], device: torch.device, error: Exception
) -> str:
    on_meta = "; if the forward pass reads values, give device='cpu'"
    return (
        f"{type(model).__name__} can't run on one input of shape {tuple(shape)} on device "
        f"{device.type!r}: {error}. Check the shape: channels first, no batch axis"
        f"{on_meta if device.type == 'meta' else ''}."
    )


# Showing a table -----------------------------------------------------------------------------

_HEADINGS = ("layer", "type", "output", "parameters", "FLOPs", "activations")


def _cells(row: LayerRow) -> tuple[str, ...]:
    return (
        row.name,
        row.kind,
        "" if row.output_shape is None else " × ".join(map(str, row.output_shape)),
        f"{row.parameters:,}" if row.parameters else "–",
        scaled(row.flops, 1000, ("", " k", " M", " G", " T")),
        scaled(row.activation_bytes, 1024, (" B", " KiB", " MiB", " GiB", " TiB")),
    )


def _merged(name: str, block: LayerRow | None, rows: Sequence[LayerRow]) -> LayerRow:
    return replace(
        block or rows[0],
        name=name,
        parameters=sum(row.parameters for row in rows),
        flops=sum(row.flops for row in rows),
        activation_bytes=sum(row.activation_bytes for row in rows),
    )
