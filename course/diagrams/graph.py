"""A model as a graph of blocks: traced where it can be, a list in order of calls elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from course.diagrams.labels import ATTACHED, Family, describe
from course.instruments import evaluation_mode, layer_table
from course.instruments.layers import is_leaf


@dataclass(frozen=True)
class Node:
    """A block of the drawing: a layer with the activations and norms that follow it.

    Attributes:
        title: what it is, such as ``Conv 3×3, stride 2``.
        family: decides its colour.
        shape: of its output without the batch axis, ``(C, H, W)`` or ``(K,)``.
        parameters: of the layer and what is attached; shared ones count where they come first.
        inputs: numbers of the nodes it reads.
        attached: what follows at once, such as ``("BN", "ReLU")``.
        name: dotted name of the module, if it is one.
    """

    title: str
    family: Family
    shape: tuple[int, ...]
    parameters: int = 0
    inputs: tuple[int, ...] = ()
    attached: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they run; node 0 is the input.

    Attributes:
        complete: are all connections known? Otherwise the nodes are merely in order of calls.
    """

    nodes: tuple[Node, ...]
    complete: bool = True


def graph_of(model: nn.Module, input_shape: Sequence[int], depth: int | None = None) -> Graph:
    """The blocks of a model and how they are connected, in evaluation mode.

    Nothing is computed: shapes come from torch's ``meta`` device.

    Args:
        input_shape: ``(C, H, W)`` or ``(D,)``, without the batch axis.
        depth: draw modules closed that lie this deep: 1 draws the model's own children.

    Raises:
        RuntimeError: the model can't run on that input; the cause is attached.
    """
    try:
        nodes = _traced(model, input_shape, depth)
    except Exception:  # control flow by values, asserts on shapes: tracing has many ways to end
        return Graph(_attached(_listed(model, input_shape)), complete=False)
    return Graph(_attached(nodes))


# Tracing -------------------------------------------------------------------------------------


class _Tracer(fx.Tracer):
    """Looks into modules as deep as wanted."""

    def __init__(self, depth: int | None) -> None:
        super().__init__()
        self.depth = depth

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        level = module_qualified_name.count(".") + 1
        closed = self.depth is not None and level >= self.depth
        return closed or is_leaf(m) or super().is_leaf_module(m, module_qualified_name)


class _Shapes(fx.Interpreter):
    """Runs a graph and keeps the shape of whatever is, or begins with, a tensor."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        first = result[0] if isinstance(result, (tuple, list)) and result else result
        if isinstance(first, Tensor):
            self.shapes[n] = tuple(first.shape[1:])
        return result


def _traced(model: nn.Module, input_shape: Sequence[int], depth: int | None) -> list[Node]:
    shadow = _on_meta(model).eval()
    graph = _Tracer(depth).trace(shadow)
    interpreter = _Shapes(fx.GraphModule(shadow, graph))
    dtype = next((p.dtype for p in shadow.parameters()), torch.get_default_dtype())
    with torch.no_grad():
        interpreter.run(torch.zeros(1, *input_shape, dtype=dtype, device="meta"))
    return _Collector(shadow, interpreter.shapes).collect(graph)


def _on_meta(model: nn.Module) -> nn.Module:
    """A copy without values: VGG's half a gigabyte need not be copied to be drawn."""
    memo: dict[int, Any] = {
        id(p): nn.Parameter(torch.empty_like(p, device="meta"), p.requires_grad)
        for p in model.parameters()
    }
    memo |= {id(b): torch.empty_like(b, device="meta") for b in model.buffers()}
    return copy.deepcopy(model, memo)


class _Collector:
    """Makes nodes of what was traced, and passes through what only moves values around."""

    def __init__(self, model: nn.Module, shapes: dict[fx.Node, tuple[int, ...]]) -> None:
        self.model = model
        self.shapes = shapes
        self.nodes: list[Node] = []
        self.sources: dict[fx.Node, tuple[int, ...]] = {}
        self.counted: set[int] = set()

    def collect(self, graph: fx.Graph) -> list[Node]:
        for traced in graph.nodes:
            if traced.op != "output":
                self.sources[traced] = self._visit(traced)
        return self.nodes

    def _visit(self, traced: fx.Node) -> tuple[int, ...]:
        """Numbers of the nodes that the value comes from: a new one, or its inputs'."""
        inputs = tuple(dict.fromkeys(self._inputs(traced)))
        if traced not in self.shapes or traced.op == "get_attr":
            return inputs
        if traced.op == "placeholder":
            return self._add(Node("input", "input", self.shapes[traced]))
        module = self.model.get_submodule(str(traced.target)) if _is_call(traced) else None
        kind = type(module).__name__ if module is not None else _name_of(traced.target)
        title, family = describe(kind, module)
        if family == "plumbing" or (family == "sum" and len(inputs) < 2):
            return inputs
        parameters = self._new_parameters(module)
        name = "" if module is None else str(traced.target)
        shape = self.shapes[traced]
        return self._add(Node(title, family, shape, parameters, inputs, name=name))

    def _inputs(self, traced: fx.Node) -> Iterator[int]:
        for source in traced.all_input_nodes:
            yield from self.sources[source]

    def _add(self, node: Node) -> tuple[int, ...]:
        self.nodes.append(node)
        return (len(self.nodes) - 1,)

    def _new_parameters(self, module: nn.Module | None) -> int:
        parameters = [] if module is None else list(module.parameters())
        new = [p for p in parameters if id(p) not in self.counted]
        self.counted |= {id(p) for p in new}
        return sum(p.numel() for p in new)


def _is_call(traced: fx.Node) -> bool:
    return traced.op == "call_module"


_DISPATCHED = {
    torch.nn.functional.max_pool2d: "max_pool2d",
    torch.nn.functional.adaptive_max_pool2d: "adaptive_max_pool2d",
}  # their __name__ is that of torch's dispatcher


def _name_of(target: Any) -> str:
    if isinstance(target, str):
        return target
    return _DISPATCHED.get(target) or str(getattr(target, "__name__", target))


# Without tracing -----------------------------------------------------------------------------


def _listed(model: nn.Module, input_shape: Sequence[int]) -> list[Node]:
    """Layers in order of their calls, each reading the one before."""
    with evaluation_mode(model):
        try:
            table = layer_table(model, input_shape)
        except RuntimeError:
            table = layer_table(model, input_shape, device=_place(model))
    modules = dict(model.named_modules())
    nodes = [Node("input", "input", tuple(input_shape))]
    for row in table:
        module = modules.get(row.name.split(" (")[0])
        title, family = describe(row.kind, module)
        if row.output_shape is not None and family != "plumbing":
            inputs = (len(nodes) - 1,)
            block = Node(title, family, row.output_shape, row.parameters, inputs, name=row.name)
            nodes.append(block)
    return nodes


def _place(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


# Attaching -----------------------------------------------------------------------------------


@dataclass
class _Merger:
    """Writes norms, activations and dropout into the block that they follow."""

    nodes: Sequence[Node]
    kept: list[Node] = field(default_factory=list)
    number: dict[int, int] = field(default_factory=dict)  # old number -> new

    def merge(self) -> tuple[Node, ...]:
        readers = [0] * len(self.nodes)
        for node in self.nodes:
            for source in node.inputs:
                readers[source] += 1
        for old, node in enumerate(self.nodes):
            alone = len(node.inputs) == 1 and readers[node.inputs[0]] == 1
            if node.family in ATTACHED and alone and self.number[node.inputs[0]] > 0:
                self._attach(old, node)
            else:
                inputs = tuple(dict.fromkeys(self.number[source] for source in node.inputs))
                self.number[old] = len(self.kept)
                self.kept.append(replace(node, inputs=inputs))
        return tuple(self.kept)

    def _attach(self, old: int, node: Node) -> None:
        number = self.number[node.inputs[0]]
        block = self.kept[number]
        self.kept[number] = replace(
            block,
            parameters=block.parameters + node.parameters,
            attached=(*block.attached, node.title),
        )
        self.number[old] = number


def _attached(nodes: Sequence[Node]) -> tuple[Node, ...]:
    return _Merger(nodes).merge()
