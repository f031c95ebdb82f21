"""Checks of `activation_memory` and `layer_flops`: where the cost sits."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import AS_IT_WAS, OfModel
from course.checks import Case, ask, same
from course.checks.inputs import seed_from, whole
from course.checks.kinds import Kind
from course.instruments import record_activations
from course.labs.lab04_vgg.questions.measuring import (
    as_found,
    deep_network,
    kinds_by_layer,
    measured,
    nested_network,
    passes,
    renamed_network,
    reused_network,
    undisturbed,
)

from .book import check


def _blank(model: nn.Module, shape: Sequence[int]) -> Tensor:
    example = next(model.parameters())
    return torch.zeros(*shape, dtype=example.dtype, device=example.device)


def _outputs(model: nn.Module, shape: Sequence[int]) -> dict[str, Tensor]:
    """Outputs by the course's instrument, which numbers the calls of a layer."""
    return record_activations(copy.deepcopy(model).eval(), _blank(model, shape))


def _batch(rng: Generator) -> int:
    """How many images: neither 2 nor the bytes of a number, by which other mistakes divide."""
    return (3, 5, 6, 7)[whole(rng, 0, 3)]


def _shape(rng: Generator, channels: int = 3) -> tuple[int, int, int, int]:
    height = whole(rng, 8, 15)
    return _batch(rng), channels, height, height + whole(rng, 1, 5)


CONTRACT = OfModel(
    {
        "a block and a head": nested_network,
        "blocks in blocks": deep_network,
        "layers that run twice": reused_network,
        "a layer with two names": renamed_network,
    },
    lambda rng: (_shape(rng),),
    adapter=undisturbed,
    judge=same(),
    single=same(),
    hints={
        f"a layer with two names, in {mode} mode, which stays as it was": {
            "values": "The model holds one layer under two names: it counts under the first of "
            "them, each time it runs. `named_modules()` gives it once.",
            **AS_IT_WAS,
        }
        for mode in ("training", "evaluation")
    },
)


def _memory(size: Callable[[Tensor], int], keep_calls: bool = True) -> Mapping[str, Any]:
    def memory(model: nn.Module, input_shape: Sequence[int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for called, output in _outputs(model, input_shape).items():
            name = called.split(" (")[0]
            found[name] = size(output) + (found.get(name, 0) if keep_calls else 0)
        return found

    return {"activation_memory": memory}


def _bytes(output: Tensor) -> int:
    return output.nelement() * output.itemsize


def _with_blocks(model: nn.Module, input_shape: Sequence[int]) -> dict[str, int]:
    """Blocks counted beside the layers in them; a block's output is its last layer's."""
    layers = _memory(_bytes)["activation_memory"](model, input_shape)
    blocks = {}
    for name, module in model.named_modules():
        inside = [f"{name}.{part}".lstrip(".") for part, _ in module.named_children()]
        if inside and name:
            blocks[name] = layers.get(inside[-1], 0)
    return layers | blocks


@check.define(
    contract=CONTRACT,
    oracle=_memory(_bytes),
    mistakes=[
        Mistake(
            "numbers_not_bytes",
            _memory(lambda output: output.nelement()),
            "You count numbers. How many bytes has one?",
        ),
        Mistake(
            "always_four_bytes",
            _memory(lambda output: 4 * output.nelement()),
            "Four bytes are right for float32 only. A tensor knows its element_size().",
        ),
        Mistake(
            "one_image",
            _memory(lambda output: _bytes(output) // len(output)),
            "You count one image of the batch. The first number of input_shape is N.",
        ),
        Mistake(
            "last_call_only",
            _memory(_bytes, keep_calls=False),
            "A layer that runs twice gives two outputs. The second overwrote the first.",
        ),
        Mistake(
            "blocks_too",
            {"activation_memory": _with_blocks},
            "A Sequential gives out what its last layer gave: you count that twice. Layers that "
            "hold others stay out.",
        ),
    ],
)
def activation_memory(rng: Generator) -> Iterator[Case]:
    """Bytes that the outputs of each layer take, for a whole batch."""
    name, hint = "activation_memory", "One entry for each layer without layers inside: its output."
    yield from _measurements(name, rng, hint)
    text = "activation_memory of VGG-16's convolutions on meta, input (64, 3, 224, 224)"
    yield Case(
        "VGG-16, nothing allocated",
        ask(measured, name, "VGG-16", (64, 3, 224, 224), text=text),
        META_HINT,
        same(),
    )
    yield _both_modes(name, rng)
    yield _whole_numbers(name, rng)
    shape = _shape(rng)
    text = f"{name} of a network, input {shape}, and whether gradients were on meanwhile"
    yield Case(
        "without gradients",
        ask(passes, name, shape, seed_from(rng), text=text),
        "The pass is for sizes alone: `torch.no_grad()` or `torch.inference_mode()` around it.",
        same(),
    )


MODES_HINT: Mapping[Kind, str] = {
    "values": "The mode makes no difference to the sizes of outputs.",
    "changed": "The caller's networks come out as they went in: the mode of each layer, running "
    "statistics (a pass in training mode moves BatchNorm's), hooks, what is trainable. Measure a "
    "deep copy, or note what was and put it back.",
}


def _both_modes(name: str, rng: Generator) -> Case:
    shape = _shape(rng)
    text = f"{name} of networks with BatchNorm, a block of each in the other mode, input {shape}"
    probe = ask(as_found, name, shape, seed_from(rng), text=text)
    return Case("modes and running statistics stay", probe, MODES_HINT, same())


META_HINT: Mapping[Kind, str] = {
    "raised": "Make the input where the parameters are, with their dtype: on the meta device it "
    "takes no memory, and nothing is computed.",
    "values": "At full size the same rules hold: every layer, the whole batch.",
}


def _whole_numbers(name: str, rng: Generator) -> Case:
    shape, hint = _shape(rng), "A number of operations, or of bytes, is an int."
    text = f"{name} of a nested network, input {shape}: the types of the numbers"
    probe = ask(kinds_by_layer, name, "nested", shape, seed_from(rng), text=text)
    told: Mapping[Kind, str] = {"values": hint, "type": hint}
    return Case("whole numbers come out", probe, told, same(), weight=0.5)


def _measurements(name: str, rng: Generator, hint: str) -> Iterator[Case]:
    for kind, channels, dtype, weight in (
        ("nested", 3, "float32", 3),
        ("grouped", 4, "float64", 2),
        ("reused", 3, "float32", 1),
    ):
        shape = _shape(rng, channels)
        text = f"{name} of a {kind} network, {dtype}, input {shape}"
        probe = ask(measured, name, kind, shape, seed_from(rng), dtype, text=text)
        yield Case(f"{kind} network, {dtype}", probe, hint, same(), weight=weight)


def _by_layer(
    change: Callable[[int, Any, Tensor], int] = lambda flops, module, output: flops,
) -> Mapping[str, Any]:
    """torch's own FLOP counter; ``change`` makes it wrong, given the layer and its output."""

    def flops(model: nn.Module, input_shape: Sequence[int]) -> dict[str, int]:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            copy.deepcopy(model).eval()(_blank(model, input_shape))
        seen = counter.get_flop_counts()
        outputs = _outputs(model, input_shape)
        found = {}
        for name, module in model.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                total = sum(seen[f"{type(model).__name__}.{name}"].values())
                found[name] = int(change(int(total), module, outputs[name]))
        return found

    return {"layer_flops": flops}


def _all_inputs(flops: int, module: Any, output: Tensor) -> int:
    return flops * getattr(module, "groups", 1)


def _before_stride(flops: int, module: Any, output: Tensor) -> int:
    strides = getattr(module, "stride", (1, 1))
    return flops * strides[0] * strides[1]


def _plus_bias(flops: int, module: Any, output: Tensor) -> int:
    return flops + (output.nelement() if module.bias is not None else 0)


@check.define(
    contract=CONTRACT,
    forbids=["FlopCounterMode"],
    oracle=_by_layer(),
    mistakes=[
        Mistake(
            "multiply_adds",
            _by_layer(lambda flops, module, output: flops // 2),
            "You count multiply-adds. Here a multiplication and an addition are two operations.",
        ),
        Mistake(
            "one_image",
            _by_layer(lambda flops, module, output: flops // len(output)),
            "You count one image of the batch. The first number of input_shape is N.",
        ),
        Mistake(
            "groups_ignored",
            _by_layer(_all_inputs),
            "With groups an output channel reads in_channels / groups inputs. weight.shape "
            "knows that already.",
        ),
        Mistake(
            "before_stride",
            _by_layer(_before_stride),
            "You count a product for each input pixel. With a stride there are fewer outputs.",
        ),
        Mistake(
            "with_biases",
            _by_layer(_plus_bias),
            "You count the addition of the bias. The usual count leaves it out.",
        ),
        Mistake(
            "one_place",
            _by_layer(
                lambda flops, module, output: (
                    flops // (output[0, 0].nelement() if output.ndim == 4 else 1)
                )
            ),
            "A kernel works at every place of the output, not once.",
        ),
    ],
)
def layer_flops(rng: Generator) -> Iterator[Case]:
    """Multiplications and additions of each convolution and linear layer."""
    hint = "Each output number is a sum of products. How many products, and how many outputs?"
    yield from _measurements("layer_flops", rng, hint)
    yield _both_modes("layer_flops", rng)
    yield _whole_numbers("layer_flops", rng)
    shape = _shape(rng)
    text = f"layer_flops of a network whose linear layer reads each row of maps, input {shape}"
    yield Case(
        "a linear layer that works at many positions",
        ask(measured, "layer_flops", "rows", shape, seed_from(rng), text=text),
        "A linear layer works on the last axis; all axes before it are positions.",
        same(),
    )
    text = "layer_flops of VGG-16's convolutions on meta, input (1, 3, 224, 224)"
    yield Case(
        "VGG-16, nothing computed",
        ask(measured, "layer_flops", "VGG-16", (1, 3, 224, 224), text=text),
        META_HINT,
        same(),
        weight=2,
    )


@check.hidden("activation_memory")
def memory_once_more(rng: Generator) -> Iterator[Case]:
    yield _another("activation_memory", rng)


@check.hidden("layer_flops")
def flops_once_more(rng: Generator) -> Iterator[Case]:
    yield _another("layer_flops", rng)


def _another(name: str, rng: Generator) -> Case:
    shape = _batch(rng), 3, whole(rng, 16, 27), whole(rng, 28, 40)
    text = f"{name} of a nested network in float64, input {shape}"
    probe = ask(measured, name, "nested", shape, seed_from(rng), "float64", text=text)
    return Case("another nested network", probe, judge=same())
