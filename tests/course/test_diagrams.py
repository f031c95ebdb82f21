"""Diagrams: what is found in a model, and what is drawn of it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from torchvision.models.resnet import BasicBlock  # noqa: E402

from course import diagrams  # noqa: E402
from course.diagrams.graph import Node, graph_of  # noqa: E402
from course.diagrams.layout import arrange, height_of  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


class Chain(nn.Module):
    """Functions and modules, a view, a pooling by function."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=2)
        self.norm = nn.BatchNorm2d(6)
        self.linear = nn.Linear(54, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(torch.tanh(self.norm(self.conv(x))), 2)
        return self.linear(x.view(x.size(0), -1))


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(3, 4, 1)
        self.right = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Conv2d(2, 5, 3, padding=1))
        self.pool = nn.MaxPool2d(3, 1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.left(x), self.right(x), self.pool(x)], dim=1)


class Reads(nn.Module):
    """Looks at a value, so nothing can trace it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.relu = nn.ReLU()
        self.head = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv(x))
        if x.sum() < 0:
            x = -x
        return self.head(x.mean(dim=(2, 3)))


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def rendered(ax: Axes) -> int:
    page = io.BytesIO()
    assert ax.figure is not None
    ax.figure.savefig(page, bbox_inches="tight")  # type: ignore[union-attr]
    return len(page.getvalue())


# What is found


def test_layers_and_functions_become_blocks_with_what_follows_them() -> None:
    graph = graph_of(Chain(), (1, 16, 16))
    assert graph.complete
    assert graph.nodes == (
        Node("input", "input", (1, 16, 16)),
        Node("Conv 5×5, stride 2", "convolution", (6, 6, 6), 168, (0,), ("BN", "Tanh"), "conv"),
        Node("Max pool", "pooling", (6, 3, 3), 0, (1,)),
        Node("Linear", "linear", (10,), 550, (2,), (), "linear"),
    )


def test_branches_meet_in_a_concatenation() -> None:
    nodes = graph_of(Branches(), (3, 8, 8)).nodes
    assert [(node.family, node.inputs) for node in nodes[1:]] == [
        ("convolution", (0,)),
        ("convolution", (0,)),
        ("convolution", (2,)),
        ("pooling", (0,)),
        ("concat", (1, 3, 4)),
    ]
    assert nodes[-1].shape == (12, 8, 8)


def test_a_residual_block_has_its_skip() -> None:
    nodes = graph_of(BasicBlock(4, 4), (4, 8, 8)).nodes
    assert nodes[-1] == Node("+", "sum", (4, 8, 8), 0, (2, 0), ("ReLU",))


def test_blocks_stay_closed_at_a_depth() -> None:
    nodes = graph_of(Branches(), (3, 8, 8), depth=1).nodes
    closed = nodes[2]
    assert (closed.title, closed.family, closed.name) == ("Sequential", "other", "right")
    assert closed.parameters == 8 + 95


def test_a_model_that_can_not_be_traced_is_a_list_of_calls() -> None:
    graph = graph_of(Reads(), (1, 5, 5))
    assert not graph.complete
    assert [(node.title, node.attached) for node in graph.nodes] == [
        ("input", ()),
        ("Conv 3×3", ("ReLU",)),
        ("Linear", ()),
    ]


def test_a_shared_layer_is_drawn_twice_and_counted_once() -> None:
    layer = nn.Linear(4, 4)
    nodes = graph_of(nn.Sequential(layer, nn.Flatten(), layer), (4,)).nodes
    assert [node.parameters for node in nodes] == [0, 20, 0]


def test_a_big_model_costs_no_memory_and_is_not_changed() -> None:
    with torch.device("meta"):
        huge = nn.Sequential(nn.Linear(10**6, 10**6), nn.Dropout())
    assert graph_of(huge, (10**6,)).nodes[1].parameters == 10**12 + 10**6
    model = Chain().train()
    graph_of(model, (1, 16, 16))
    assert model.training
    assert model.conv.weight.device.type == "cpu"


def test_an_input_that_does_not_fit_is_explained() -> None:
    with pytest.raises(RuntimeError, match="Chain can't run on one input of shape"):
        graph_of(Chain(), (3, 16, 16))


def test_an_exercise_still_to_do_stays_recognisable() -> None:
    class Stub(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise NotImplementedError("Exercise 4.2")

    with pytest.raises(NotImplementedError, match=r"Exercise 4\.2"):
        diagrams.draw(Stub(), (1, 4, 4))


# Where it goes


def deep(blocks: int) -> nn.Sequential:
    return nn.Sequential(*(BasicBlock(4, 4) for _ in range(blocks)))


@pytest.mark.parametrize(
    ("model", "shape"), [(Chain(), (1, 16, 16)), (Branches(), (3, 8, 8)), (deep(9), (4, 8, 8))]
)
def test_no_block_lies_on_another_or_outside(model: nn.Module, shape: tuple[int, ...]) -> None:
    nodes = graph_of(model, shape).nodes
    layout = arrange(nodes)
    boxes = [
        (b.x - b.width / 2, b.x + b.width / 2, b.y - height_of(n) / 2, b.y + height_of(n) / 2)
        for b, n in zip(layout.blocks, nodes, strict=True)
    ]
    for number, (left, right, top, bottom) in enumerate(boxes):
        assert -1e-9 <= left < right <= layout.width + 1e-9
        assert -1e-9 <= top < bottom <= layout.height + 1e-9
        for l2, r2, t2, b2 in boxes[:number]:
            assert (
                right <= l2 + 1e-9 or r2 <= left + 1e-9 or bottom <= t2 + 1e-9 or b2 <= top + 1e-9
            )


def test_inputs_lie_above_or_in_an_earlier_column() -> None:
    nodes = graph_of(deep(9), (4, 8, 8)).nodes
    blocks = arrange(nodes).blocks
    assert blocks[-1].column > 0
    for node, block in zip(nodes, blocks, strict=True):
        for source in node.inputs:
            above = blocks[source]
            assert (above.column, above.y) < (block.column, block.y)


# What is drawn


def test_a_drawing_says_shapes_and_parameters() -> None:
    ax = diagrams.draw(Chain(), (1, 16, 16))
    assert rendered(ax) > 5_000
    assert ax.get_title(loc="left") == "Chain · 718 parameters"
    assert {"Conv 5×5, stride 2", "BN · Tanh", "6×6×6", "168", "550"} <= set(texts(ax))


@pytest.mark.parametrize(
    ("model", "shape", "words"),
    [
        (Branches(), (3, 8, 8), "concat  12×8×8"),
        (BasicBlock(4, 4), (4, 8, 8), "+"),
        (Reads(), (1, 5, 5), "could not be traced: layers in order of their calls,\nbranches are "
         "not known"),
    ],
)  # fmt: skip
def test_every_kind_of_model_can_be_drawn(
    model: nn.Module, shape: tuple[int, ...], words: str
) -> None:
    ax = diagrams.draw(model, shape, title="A title")
    assert rendered(ax) > 5_000
    assert words in texts(ax)
    assert ax.get_title(loc="left") == "A title"


def test_a_network_of_too_many_blocks_is_drawn_with_closed_ones() -> None:
    ax = diagrams.draw(deep(17), (4, 8, 8))
    assert texts(ax).count("BasicBlock") == 17
    assert "16" in texts(ax)  # the last block's name


@pytest.mark.parametrize("name", list(diagrams.BLOCKS))
def test_shows_a_sketch_every_layer_and_its_shortcut(name: str) -> None:
    one = diagrams.BLOCKS[name]
    (ax,) = diagrams.blocks(name).axes
    texts = [text.get_text() for text in ax.texts if text.get_text()]
    shortcuts = [one.shortcut] * bool(one.meets)
    assert sorted(texts) == sorted([*one.boxes, *shortcuts])
    assert {"input", *one.layers} <= set(texts)
    assert set(one.meets) <= set(texts)
    assert one.title in (ax.get_title(), ax.get_title(loc="left"))


def test_names_a_sketch_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="no block 'sparse'; there are: vgg, "):
        diagrams.blocks("sparse")
