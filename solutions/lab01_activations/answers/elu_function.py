"""ELU as a Function in other words, and as students get it wrong."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .book import answers
from .functions import where_on_safe_numbers


class NewStyleELU(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, alpha: float) -> Tensor:
        return where_on_safe_numbers(x, alpha)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.alpha = inputs[1]
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        return upstream * torch.where(ctx.saved_tensors[0] > 0, 1, ctx.saved_tensors[0] + ctx.alpha), None  # fmt: skip  # noqa: E501


class MaskedELU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float = 1.0) -> Tensor:
        result = x.clone()
        result[x < 0] = alpha * (x[x < 0].exp() - 1)
        ctx.save_for_backward(result)
        ctx.a = float(alpha)
        return result

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        slope = torch.ones_like(result)
        slope[result <= 0] = result[result <= 0] + ctx.a
        return slope * upstream, None


class ClampedELU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        y = x.clamp(min=0) + alpha * torch.expm1(x.clamp(max=0))
        ctx.save_for_backward(y)
        ctx.number = alpha
        return y

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        y = ctx.saved_tensors[0]
        return upstream[0] * ((y > 0) + (y <= 0) * (y + ctx.number)), None


class InputOnContext(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.x, ctx.alpha = x, alpha
        return F.elu(x, alpha)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        return upstream * torch.where(ctx.x > 0, 1, ctx.alpha * ctx.x.exp()), None


class IdentityFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.save_for_backward(y := x.clone())
        return y

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        return upstream, None


def one_gradient_only(ctx: Any, upstream: Tensor) -> Tensor:
    return upstream


Forgetful = type("Forgetful", (NewStyleELU,), {"backward": staticmethod(one_gradient_only)})

answers.right("ELUFunction", "with setup_context", NewStyleELU)
answers.right("ELUFunction", "by masks", MaskedELU)
answers.right("ELUFunction", "by clamps", ClampedELU)
answers.wrong("ELUFunction", "the input on ctx", InputOnContext, mistake="kept_as_attribute")
answers.wrong("ELUFunction", "the identity, as a Function", IdentityFunction, at_most=0.0)
answers.wrong("ELUFunction", "one gradient for two inputs", Forgetful)


class ViewedELU(NewStyleELU):
    """Right, as long as the gradient at the output lies in memory row by row."""

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        (g,) = upstream
        return NewStyleELU.backward(ctx, g.view(-1).view(g.shape))


answers.wrong("ELUFunction", "a view of the gradient", ViewedELU)
