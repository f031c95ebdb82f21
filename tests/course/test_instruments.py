"""Looking inside a network: hooks, gradients, and the layer table."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import instruments
from course.instruments import LayerRow, layer_table


class SmallCNN(nn.Module):
    """3×16×16 images, four classes; the in-place ReLU is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1, groups=2, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(16 * 8 * 8, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        return self.head(x)


LAYERS = ["conv1", "relu", "conv2", "relu (2)", "head.0", "head.1", "head.2"]


@pytest.fixture
def model() -> SmallCNN:
    torch.manual_seed(0)
    return SmallCNN()


@pytest.fixture
def images() -> Tensor:
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def hooks_left(model: nn.Module) -> int:
    return sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks)
        for m in model.modules()
    )


def loss_of(model: nn.Module, images: Tensor) -> Callable[[], Tensor]:
    return lambda: F.cross_entropy(model(images), torch.tensor([0, 3]))


# Activations


def test_activations_come_by_layer_in_the_order_of_the_pass(
    model: SmallCNN, images: Tensor
) -> None:
    model.eval()
    seen = instruments.record_activations(model, images)
    assert list(seen) == LAYERS
    assert torch.equal(seen["head.2"], model(images))
    assert torch.equal(seen["relu"], model.conv1(images).clamp(min=0))
    assert not any(value.requires_grad for value in seen.values())


def test_an_in_place_layer_does_not_rewrite_what_was_recorded(
    model: SmallCNN, images: Tensor
) -> None:
    seen = instruments.record_activations(model, images, "conv1")
    assert torch.equal(seen["conv1"], model.conv1(images))
    assert seen["conv1"].min() < 0


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["head.2", "conv1"], ["conv1", "head.2"]),
        ("head", ["head"]),
        (nn.Conv2d, ["conv1", "conv2"]),
        ((nn.Linear, "conv2"), ["conv2", "head.2"]),
    ],
)
def test_layers_are_chosen_by_name_or_type(
    model: SmallCNN, images: Tensor, layers: instruments.Layers, expected: list[str]
) -> None:
    assert list(instruments.record_activations(model, images, layers)) == expected


def test_an_unknown_layer_gets_the_nearest_names(model: SmallCNN, images: Tensor) -> None:
    with pytest.raises(KeyError, match=r"no layer 'conv3' here. Near it: conv2, conv1"):
        instruments.record_activations(model, images, ["conv3"])
    assert hooks_left(model) == 0


def test_a_model_that_is_one_layer_has_a_name() -> None:
    seen = instruments.record_activations(nn.ReLU(), torch.tensor([[-1.0, 2.0]]))
    assert {name: value.tolist() for name, value in seen.items()} == {"(model)": [[0.0, 2.0]]}


def test_watching_keeps_the_latest_pass_and_stops_with_the_block(
    model: SmallCNN, images: Tensor
) -> None:
    with instruments.watch_activations(model, nn.ReLU) as seen:
        model(images)
        model(-images)
    latest = {name: value.clone() for name, value in seen.items()}
    model(images)
    assert list(seen) == ["relu", "relu (2)"]
    assert torch.equal(latest["relu"], model.conv1(-images).clamp(min=0))
    assert all(torch.equal(seen[name], latest[name]) for name in seen)


@pytest.mark.parametrize(
    "record",
    [
        lambda model, x: instruments.record_activations(model, x),
        lambda model, x: instruments.record_gradients(model, loss_of(model, x)),
    ],
)
def test_no_hook_stays_behind_also_when_the_pass_fails(
    model: SmallCNN, images: Tensor, record: Callable[[nn.Module, Tensor], object]
) -> None:
    record(model, images)
    assert hooks_left(model) == 0
    with pytest.raises(RuntimeError):
        record(model, images[:, :1])
    assert hooks_left(model) == 0


# Gradients


def test_gradients_are_those_of_autograd(model: SmallCNN, images: Tensor) -> None:
    model.eval()
    gradients = instruments.record_gradients(model, loss_of(model, images))
    assert list(gradients) == LAYERS

    conv1 = model.conv1(images)
    relu = conv1.clamp(min=0)
    conv2 = model.conv2(relu)
    loss = F.cross_entropy(model.head(conv2.clamp(min=0)), torch.tensor([0, 3]))
    expected = torch.autograd.grad(loss, [conv1, relu, conv2])
    for name, gradient in zip(["conv1", "relu", "conv2"], expected, strict=True):
        torch.testing.assert_close(gradients[name], gradient)


def test_recording_gradients_leaves_the_parameters_gradients_alone(
    model: SmallCNN, images: Tensor
) -> None:
    model.conv1.weight.grad = torch.ones_like(model.conv1.weight)
    instruments.record_gradients(model, loss_of(model, images))
    assert torch.equal(model.conv1.weight.grad, torch.ones_like(model.conv1.weight))
    assert model.conv2.weight.grad is None


def test_watching_gradients_around_an_own_backward(model: SmallCNN, images: Tensor) -> None:
    with instruments.watch_gradients(model, ["conv2", "head.2"]) as gradients:
        loss = loss_of(model, images)()
        loss.backward()
    assert [(n, tuple(g.shape)) for n, g in gradients.items()] == [
        ("conv2", (2, 16, 8, 8)),
        ("head.2", (2, 4)),
    ]
    assert model.conv2.weight.grad is not None


def test_a_layer_outside_the_loss_has_no_gradient(model: SmallCNN, images: Tensor) -> None:
    gradients = instruments.record_gradients(model, lambda: model.conv1(images).sum())
    assert list(gradients) == ["conv1"]


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda model, x: model(x), r"scalar loss, found shape \(2, 4\)"),
        (lambda model, x: model(x).sum().detach(), "does not depend on anything"),
    ],
)
def test_a_loss_without_a_gradient_is_explained(
    model: SmallCNN, images: Tensor, loss: Callable[..., Tensor], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        instruments.record_gradients(model, lambda: loss(model, images))
    with pytest.raises(ValueError, match=message):
        instruments.parameter_gradient_norms(model, loss(model, images))


def test_parameter_gradient_norms_match_a_backward_pass(model: SmallCNN, images: Tensor) -> None:
    model.eval()
    loss = loss_of(model, images)()
    norms = instruments.parameter_gradient_norms(model, loss)
    assert model.conv1.weight.grad is None
    loss.backward()  # the graph is still there
    assert norms == {
        name: pytest.approx(p.grad.norm().item())  # type: ignore[union-attr]
        for name, p in model.named_parameters()
    }


def test_an_unused_parameter_has_norm_zero_and_a_frozen_one_none(model: SmallCNN) -> None:
    model.conv1.bias.requires_grad_(False)  # type: ignore[union-attr]
    norms = instruments.parameter_gradient_norms(model, model.conv1(torch.ones(1, 3, 4, 4)).sum())
    assert norms["conv2.weight"] == 0.0
    assert "conv1.bias" not in norms


# The layer table


def test_the_layer_table_agrees_with_a_count_by_hand() -> None:
    with torch.device("meta"):
        table = layer_table(SmallCNN(), (3, 16, 16))
    conv1 = LayerRow("conv1", "Conv2d", (8, 16, 16), 608, 2 * 3 * 25 * 8 * 256, 4 * 2048)
    conv2 = LayerRow("conv2", "Conv2d", (16, 8, 8), 576, 2 * 4 * 9 * 16 * 64, 4 * 1024)
    linear = LayerRow("head.2", "Linear", (4,), 4100, 2 * 1024 * 4, 16)
    assert [row.name for row in table] == LAYERS
    assert (table["conv1"], table["conv2"], table["head.2"]) == (conv1, conv2, linear)
    assert table["relu (2)"] == LayerRow("relu (2)", "ReLU", (16, 8, 8), 0, 0, 4096)
    assert table.total_parameters == 608 + 576 + 4100
    assert table.total_flops == conv1.flops + conv2.flops + linear.flops
    assert table.total_activation_bytes == 2 * 8192 + 4 * 4096 + 16


def test_a_table_on_meta_leaves_a_real_model_as_it_is(model: SmallCNN) -> None:
    model.head.eval()
    weight = model.conv1.weight
    on_meta = layer_table(model, (3, 16, 16))
    assert model.conv1.weight is weight
    assert weight.device == torch.device("cpu")
    assert (model.training, model.conv1.training, model.head[1].training) == (True, True, False)
    assert hooks_left(model) == 0
    assert layer_table(model, (3, 16, 16), device="cpu") == on_meta


def test_work_outside_layers_has_a_row_of_its_own() -> None:
    class HandMade(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(5, 6))
            self.first = nn.Linear(4, 6)

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(self.first(x), self.weight) + torch.zeros(5)

    table = layer_table(HandMade(), (4,))
    assert table["first"].flops == 2 * 4 * 6
    assert table["(model)"] == LayerRow("(model)", "HandMade", (5,), 30, 2 * 6 * 5, 0)


def test_shared_parameters_count_once_and_idle_layers_come_last() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.spare = nn.Linear(4, 2)
            self.one = nn.Linear(4, 4)
            self.two = nn.Linear(4, 4)
            self.two.weight = self.one.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.two(self.one(x))

    model = Tied()
    table = layer_table(model, (4,))
    assert [(row.name, row.parameters) for row in table] == [("one", 20), ("two", 4), ("spare", 10)]
    assert table["spare"].output_shape is None
    assert table.total_parameters == instruments.count_parameters(model) == 34


def test_grouping_keeps_totals_and_shows_each_blocks_output(model: SmallCNN) -> None:
    table = layer_table(model, (3, 16, 16))
    grouped = table.grouped()
    assert [row.name for row in grouped] == ["conv1", "relu", "conv2", "relu (2)", "head"]
    assert grouped["head"] == LayerRow("head", "Sequential", (4,), 4100, 8192, 2 * 4096 + 16)
    assert grouped.total_flops == table.total_flops
    assert table.grouped(2).rows == table.rows
    with pytest.raises(ValueError, match="1 or more; found 0"):
        table.grouped(0)


def test_the_text_is_aligned_and_ends_with_totals(model: SmallCNN) -> None:
    lines = str(layer_table(model, (3, 16, 16))).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert re.split(r" {2,}", lines[2]) == [
        "conv1", "Conv2d", "8 × 16 × 16", "608", "307 k", "8.00 KiB",
    ]  # fmt: skip
    assert re.split(r" {2,}", lines[-1]) == ["7 rows", "5,284", "389 k", "32.0 KiB"]


def test_the_html_inherits_the_themes_colours_and_escapes_names() -> None:
    model = nn.Sequential()
    model.add_module("a<b", nn.Linear(2, 2))
    page = layer_table(model, (2,))._repr_html_()
    assert "a&lt;b" in page
    assert "color:inherit" in page
    assert set(re.findall(r"background:([^;\"]+)", page)) == {"transparent"}
    assert page.count("<tr") == page.count("</tr>") == 3


@pytest.mark.parametrize("shape", [(2, 3, 16, 16), (), (3, 0, 16)])
def test_a_shape_that_is_not_one_input_is_refused(model: SmallCNN, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="without the batch axis"):
        layer_table(model, shape)


def test_an_input_that_does_not_fit_names_model_and_shape(model: SmallCNN) -> None:
    with pytest.raises(RuntimeError, match=r"SmallCNN can't run .* \(1, 16, 16\).*channels first"):
        layer_table(model, (1, 16, 16))
    assert hooks_left(model) == 0
    assert model.training


def test_a_model_that_reads_values_runs_on_its_own_device() -> None:
    class Reads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x) if x.sum().item() == 0 else x

    with pytest.raises(RuntimeError, match="give device='cpu'"):
        layer_table(Reads(), (2,))
    assert layer_table(Reads(), (2,), device="cpu").total_flops == 8


def test_a_model_elsewhere_is_refused() -> None:
    with torch.device("meta"):
        model = SmallCNN()
    with pytest.raises(ValueError, match="the model lies on meta, and device='cpu'"):
        layer_table(model, (3, 16, 16), device="cpu")


def test_an_exercise_still_to_do_stays_recognisable() -> None:
    class Stub(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise NotImplementedError("Exercise 2.1")

    with pytest.raises(NotImplementedError, match=r"Exercise 2\.1"):
        layer_table(Stub(), (2,))


def test_doubles_take_twice_the_memory(model: SmallCNN) -> None:
    single = layer_table(model, (3, 16, 16)).total_activation_bytes
    assert layer_table(model.double(), (3, 16, 16)).total_activation_bytes == 2 * single


def test_trainable_parameters_can_be_counted_alone(model: SmallCNN) -> None:
    model.conv1.requires_grad_(False)
    assert instruments.count_parameters(model) == 5284
    assert instruments.count_parameters(model, trainable_only=True) == 5284 - 608


# Statistics


def test_statistics_agree_with_a_count_by_hand() -> None:
    values = torch.tensor([[0.0, 0.0, 1.0, 3.0]])
    row = instruments.activation_statistics(nn.ReLU(), values)["(model)"]
    assert (row.kind, row.mean, row.zeros) == ("ReLU", 1.0, 0.5)
    assert row.std == pytest.approx(1.5**0.5)
    assert row.saturated != row.saturated  # NaN: a ReLU has no upper bound


@pytest.mark.parametrize(
    ("layer", "inputs", "share"),
    [
        (nn.Sigmoid(), [-9.0, -3.0, 0.0, 9.0], 0.5),  # sigmoid(-3) is 0.047
        (nn.Tanh(), [-9.0, -1.0, 1.0, 2.0], 0.5),  # tanh(2) is 0.964: within 0.05 of 1
        (nn.ReLU6(), [-1.0, 3.0, 5.0, 9.0], 0.5),
    ],
)
def test_saturation_is_nearness_to_either_bound(
    layer: nn.Module, inputs: list[float], share: float
) -> None:
    table = instruments.activation_statistics(layer, torch.tensor([inputs]))
    assert table["(model)"].saturated == share


def test_each_call_of_a_layer_has_its_row_and_the_table_shows_itself(
    model: SmallCNN, images: Tensor
) -> None:
    table = instruments.activation_statistics(model, images, nn.ReLU)
    assert [(row.name, row.kind) for row in table] == [("relu", "ReLU"), ("relu (2)", "ReLU")]
    assert len({len(line) for line in str(table).splitlines()}) == 1
    assert table._repr_html_().count("<tr") == 3
    with pytest.raises(KeyError, match="Near it: relu"):
        table["relu2"]


# Receptive fields


def plain_stack() -> nn.Sequential:
    """Fields of 3, 3, 4, 8, 10, 18 pixels, layer by layer."""
    return nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 3, 3, bias=False),
        nn.AvgPool2d(2), nn.Conv2d(3, 3, 3),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "size"), [("0", 3), ("1", 3), ("2", 4), ("3", 8), ("4", 10), (None, 18)]
)
def test_a_probed_field_has_the_size_known_by_hand(layer: str | None, size: int) -> None:
    field = instruments.probed_receptive_field(plain_stack(), (2, 40, 37), layer)
    assert (field.height, field.width, field.clipped) == (size, size, False)
    assert str(field) == f"{size}×{size} pixels"


def test_a_probed_field_lies_where_the_unit_is() -> None:
    padded = nn.Conv2d(1, 1, (3, 5), padding=(1, 2))
    field = instruments.probed_receptive_field(padded, (1, 9, 9))
    assert field == instruments.ReceptiveField(3, 2, 5, 6, clipped=False)
    whole = instruments.probed_receptive_field(nn.Sequential(padded, nn.Flatten()), (1, 4, 4))
    assert (whole.height, whole.width, whole.clipped) == (4, 4, True)
    assert str(whole) == "4×4 pixels, clipped by the image"


def test_zero_weights_and_dead_units_do_not_hide_a_field() -> None:
    model = plain_stack()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(-0.0)
        model[0].bias.fill_(-1.0)  # type: ignore[operator]
    assert instruments.probed_receptive_field(model, (2, 40, 40)).height == 18


def test_an_effective_field_lies_inside_the_probed_one_and_is_strongest_in_the_middle() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(*(nn.Conv2d(1 if n == 0 else 8, 8, 3) for n in range(5)))
    box = instruments.probed_receptive_field(model, (1, 20, 20))
    field = instruments.effective_receptive_field(model, (1, 20, 20))
    inside = torch.zeros(20, 20, dtype=torch.bool)
    inside[box.top : box.bottom + 1, box.left : box.right + 1] = True
    assert field.shape == (20, 20)
    assert field.max() == 1.0
    assert torch.equal(field > 0, inside)
    ring = field[box.top, box.left : box.right + 1].mean()
    centre = field[box.top + 4 : box.bottom - 3, box.left + 4 : box.right - 3].mean()
    assert centre > 3 * ring
    assert all(parameter.grad is None for parameter in model.parameters())


def test_an_effective_field_repeats_and_takes_given_images(model: SmallCNN) -> None:
    shape = (3, 16, 16)
    first = instruments.effective_receptive_field(model, shape, "conv2", samples=4)
    assert torch.equal(
        instruments.effective_receptive_field(model, shape, "conv2", samples=4), first
    )
    images = torch.ones(2, *shape)
    assert not torch.equal(
        instruments.effective_receptive_field(model, shape, "conv2", images=images), first
    )
    assert hooks_left(model) == 0


class Blind(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x) + 0 * torch.nan_to_num(x)


@pytest.mark.parametrize("shape", [(16, 16), (1, 3, 16, 16), (0, 4, 4)])
def test_fields_want_the_shape_of_one_image(model: SmallCNN, shape: tuple[int, ...]) -> None:
    for measure in (instruments.probed_receptive_field, instruments.effective_receptive_field):
        with pytest.raises(ValueError, match=r"one image \(C, H, W\)"):
            measure(model, shape)


def test_a_unit_that_sees_nothing_is_said_so(model: SmallCNN) -> None:
    with pytest.raises(ValueError, match="no input pixel reaches"):
        instruments.probed_receptive_field(Blind(), (1, 4, 4))
    with pytest.raises(ValueError, match="no pixel moves"):
        instruments.effective_receptive_field(Blind(), (1, 4, 4))
    with pytest.raises(KeyError, match="no layer 'conv9'"):
        instruments.probed_receptive_field(model, (3, 16, 16), "conv9")
