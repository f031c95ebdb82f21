"""Questions to the modern LeNet: counts, logits, gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from course.checks import ProbeError, wording
from course.checks.modules import a_module, a_tensor, filled, gradients_of
from course.labs.lab02_lenet.questions.modules import MakeModule, learnt

OWN = 10  # parameters: weight and bias of five layers


def classes_counted(made_by: MakeModule, classes: Sequence[int]) -> list[Any]:
    """How many numbers the network learns for each number of classes."""
    models = (a_module(made_by(num_classes=one), "the constructor") for one in classes)
    return [learnt(model) for model in models]


def logits_of(
    made_by: MakeModule, classes: int, seed: int, x: Tensor, upstream: Tensor
) -> dict[str, Any]:
    """Logits of a LeNet with weights from a seed, and gradients at the image and the weights."""
    model = filled(a_module(made_by(num_classes=classes), "the constructor"), seed)
    own = dict(model.named_parameters())
    if len(own) != OWN:
        raise ProbeError(
            f"expected {OWN} parameters, weight and bias of five layers; found {len(own)}: "
            f"{wording.shortened(', '.join(own), 200)}"
        )
    output = a_tensor(model(x.requires_grad_()), tuple(upstream.shape), "the output")
    if not output.requires_grad:
        raise ProbeError("autograd can't follow the logits back to the weights", "detached")
    (output * upstream).sum().backward()
    gradients = {f"gradient of {key}": one for key, one in gradients_of(model).items()}
    at_x = torch.zeros_like(x) if x.grad is None else x.grad
    return {"output": output, "gradient at x": at_x, **gradients}
