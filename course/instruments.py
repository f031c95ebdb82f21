"""Look inside a network: activations, gradients, and a table of its layers.

Layers go by their dotted names in the model, as in ``model.named_modules()``. A layer called more
than once in a pass gets a number from its second call on: ``relu``, ``relu (2)``. The model as a
whole is ``(model)``.
"""

from __future__ import annotations

import difflib
import html
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from course.device import device_of

Layers = str | type[nn.Module] | Iterable[str | type[nn.Module]] | None


def record_activations(
    model: nn.Module, inputs: Tensor, layers: Layers = None
) -> dict[str, Tensor]:
    """Run the model once and keep what each layer gave out: ``{layer: (N, ...)}``, in order.

    No gradients are computed; the model stays in the mode it is in.

    Args:
        inputs: ``(N, C, H, W)``, on the model's device.
        layers: names of layers or layer types, one or several; by default every layer without
            layers inside it.

    Raises:
        KeyError: a name that is not in the model; the message has the nearest ones.
    """
    with torch.no_grad(), watch_activations(model, layers) as activations:
        model(inputs)
    return activations


def record_gradients(
    model: nn.Module, loss: Callable[[], Tensor], layers: Layers = None
) -> dict[str, Tensor]:
    """Gradient of a loss with respect to each layer's output: ``{layer: (N, ...)}``, in order.

    Args:
        loss: computes a scalar from the model, as in
            ``lambda: F.cross_entropy(model(images), labels)``. The ``grad`` of the model's
            parameters is left as it was.
        layers: as in ``record_activations``. A layer that the loss does not depend on is left
            out.

    Raises:
        KeyError: a name that is not in the model.
        ValueError: the loss is no scalar, or nothing in it can be differentiated.
    """
    with _preserved_grad(model), watch_gradients(model, layers) as gradients:
        value = loss()
        _demand_differentiable(value)
        value.backward()
    return gradients


@contextmanager
def watch_activations(model: nn.Module, layers: Layers = None) -> Iterator[dict[str, Tensor]]:
    """Keep the outputs of layers while the block runs; a second pass replaces the first's.

    Copies, so a later in-place operation does not change them.
    """
    activations: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> None:
        activations[name] = output.detach().clone()

    with _watching(model, layers, keep):
        yield activations


@contextmanager
def watch_gradients(model: nn.Module, layers: Layers = None) -> Iterator[dict[str, Tensor]]:
    """Keep the gradients at the outputs of layers while the block calls ``backward``.

    In the order of the forward pass once the block has ended.
    """
    gradients: dict[str, Tensor] = {}
    order: dict[str, None] = {}

    with ExitStack() as hooks:

        def keep(name: str, output: Tensor) -> None:
            order[name] = None
            if output.requires_grad:
                # The hook sees this very value, also where an in-place layer overwrites it.
                handle = output.register_hook(lambda grad: gradients.update({name: grad.clone()}))
                hooks.callback(handle.remove)

        hooks.enter_context(_watching(model, layers, keep))
        yield gradients
    in_order = {name: gradients[name] for name in order if name in gradients}
    gradients.clear()
    gradients.update(in_order)


def parameter_gradient_norms(model: nn.Module, loss: Tensor) -> dict[str, float]:
    """Euclidean norm of the loss's gradient for each parameter: ``{"conv1.weight": 0.3, ...}``.

    The ``grad`` of the parameters is left as it was, and the loss's graph is kept, so that
    ``loss.backward()`` still works. A parameter that the loss does not depend on has norm 0.

    Raises:
        ValueError: the loss is no scalar, or nothing in it can be differentiated.
    """
    _demand_differentiable(loss)
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    gradients = torch.autograd.grad(
        loss, list(named.values()), retain_graph=True, allow_unused=True
    )
    return {
        name: 0.0 if gradient is None else gradient.norm().item()
        for name, gradient in zip(named, gradients, strict=True)
    }


def count_parameters(model: nn.Module, *, trainable_only: bool = False) -> int:
    """Number of values in the model's parameters; one shared by several layers counts once."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable_only)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[nn.Module]:
    """``model.eval()`` for a block; afterwards every submodule is in the mode that it was in."""
    with preserved_modes(model):
        yield model.eval()


@contextmanager
def preserved_modes(model: nn.Module) -> Iterator[None]:
    """Let a block call ``train()`` and ``eval()``; afterwards every submodule is as before."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


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
        raise KeyError(_unknown(name, [row.name for row in self.rows]))

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
        lines = [_HEADINGS, *map(_cells, self.rows), _cells(self._totals())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [_aligned(line, widths) for line in lines]
        rule = "─" * len(text[0])
        return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])

    def _repr_html_(self) -> str:
        head = _html_row(_HEADINGS, "th", _RULE)
        body = "".join(_html_row(_cells(row), "td", _FAINT_RULE) for row in self.rows)
        foot = _html_row(_cells(self._totals()), "th", "")
        return (
            '<table style="border-collapse:collapse;color:inherit;background:transparent">'
            f"<thead>{head}</thead><tbody>{body}</tbody><tfoot>{foot}</tfoot></table>"
        )

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


# Hooks ---------------------------------------------------------------------------------------


_ROOT = "(model)"


def _named_modules(model: nn.Module) -> dict[str, nn.Module]:
    return {name or _ROOT: module for name, module in model.named_modules()}


def _is_leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None


def _select(model: nn.Module, layers: Layers) -> dict[str, nn.Module]:
    named = _named_modules(model)
    if layers is None:
        return {name: module for name, module in named.items() if _is_leaf(module)}
    if isinstance(layers, type):
        return {name: module for name, module in named.items() if isinstance(module, layers)}
    chosen: dict[str, nn.Module] = {}
    for layer in [layers] if isinstance(layers, str) else layers:
        if isinstance(layer, type):
            chosen |= _select(model, layer)
        elif layer in named:
            chosen[layer] = named[layer]
        else:
            raise KeyError(_unknown(layer, list(named)))
    return chosen


def _unknown(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=3) or names[:8]
    return f"no layer {name!r} here. Near it: {', '.join(near)}. All names: model.named_modules()"


def _numbered(name: str, call: int) -> str:
    return name if call == 1 else f"{name} ({call})"


@contextmanager
def _watching(
    model: nn.Module, layers: Layers, keep: Callable[[str, Tensor], None]
) -> Iterator[None]:
    """Call ``keep(name, output)`` for every call of the chosen layers that gives one tensor."""
    calls: Counter[str] = Counter()

    def hook_for(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            calls[name] += 1
            if isinstance(output, Tensor):
                keep(_numbered(name, calls[name]), output)

        return hook

    with ExitStack() as hooks:
        hooks.callback(model.register_forward_pre_hook(lambda *_: calls.clear()).remove)
        for name, module in _select(model, layers).items():
            handle = module.register_forward_hook(hook_for(name))
            hooks.callback(handle.remove)
        yield


@contextmanager
def _preserved_grad(model: nn.Module) -> Iterator[None]:
    kept = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in kept:
        parameter.grad = None
    try:
        yield
    finally:
        for parameter, grad in kept:
            parameter.grad = grad


def _demand_differentiable(loss: Tensor) -> None:
    if loss.ndim != 0:
        raise ValueError(
            f"expected a scalar loss, found shape {tuple(loss.shape)}: take .mean() or .sum()"
        )
    if not loss.requires_grad:
        raise ValueError(
            "this loss does not depend on anything with requires_grad: compute it outside "
            "torch.no_grad(), from the model whose gradients are wanted, without .item() or "
            ".detach() on the way"
        )


# Tracing -------------------------------------------------------------------------------------


class _Tracer:
    """Watches one forward pass and charges its FLOPs to the modules that do the work."""

    def __init__(self, model: nn.Module) -> None:
        from torch.utils.flop_counter import FlopCounterMode

        self.modules = _named_modules(model)
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
            if _is_leaf(module) or row.flops or row.parameters:
                self.rows.append(row)

        return leave

    def _row(self, name: str, output: Any, flops: int) -> LayerRow:
        module = self.modules[name]
        new = {key: size for key, size in self.own[name].items() if key not in self.counted}
        self.counted |= new.keys()
        tensor = _first_tensor(output)
        return LayerRow(
            name=_numbered(name, max(self.calls[name], 1)),
            kind=type(module).__name__,
            output_shape=None if tensor is None else tuple(tensor.shape[1:]),
            parameters=sum(new.values()),
            flops=flops,
            activation_bytes=tensor.nbytes if tensor is not None and _is_leaf(module) else 0,
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
_LEFT = 2  # the first columns are words; the others are numbers
_RULE = "border-bottom:1.5px solid rgba(128,128,128,.7);"
_FAINT_RULE = "border-bottom:1px solid rgba(128,128,128,.25);"


def _cells(row: LayerRow) -> tuple[str, ...]:
    return (
        row.name,
        row.kind,
        "" if row.output_shape is None else " × ".join(map(str, row.output_shape)),
        f"{row.parameters:,}" if row.parameters else "–",
        _scaled(row.flops, 1000, ("", " k", " M", " G", " T")),
        _scaled(row.activation_bytes, 1024, (" B", " KiB", " MiB", " GiB", " TiB")),
    )


def _scaled(value: float, base: int, units: Sequence[str]) -> str:
    """Three digits or so and a unit: 421,800,000 is ``422 M``."""
    if not value:
        return "–"
    power = 0
    while value >= base and power < len(units) - 1:
        value, power = value / base, power + 1
    digits = 0 if power == 0 or value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}{units[power]}"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    columns = zip(cells, widths, strict=True)
    return "  ".join(
        f"{text:<{width}}" if number < _LEFT else f"{text:>{width}}"
        for number, (text, width) in enumerate(columns)
    )


def _html_row(cells: Sequence[str], tag: str, rule: str) -> str:
    style = f"padding:.2em .7em;white-space:nowrap;background:transparent;{rule}text-align:"
    return (
        "<tr>"
        + "".join(
            f'<{tag} style="{style}{"left" if number < _LEFT else "right"}">'
            f"{html.escape(text)}</{tag}>"
            for number, text in enumerate(cells)
        )
        + "</tr>"
    )


def _merged(name: str, block: LayerRow | None, rows: Sequence[LayerRow]) -> LayerRow:
    return replace(
        block or rows[0],
        name=name,
        parameters=sum(row.parameters for row in rows),
        flops=sum(row.flops for row in rows),
        activation_bytes=sum(row.activation_bytes for row in rows),
    )
