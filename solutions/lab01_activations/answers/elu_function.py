"""ELU as a Function in other words, and as students get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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


class KeepsMore(torch.autograd.Function):
    """Right but for what it keeps beside its output; the subclasses say how."""

    @staticmethod
    def keep(ctx: Any, x: Tensor) -> None:
        """Put something of the input on ``ctx``."""

    @classmethod
    def applied(cls, ctx: Any, x: Tensor, alpha: float) -> Tensor:
        y = where_on_safe_numbers(x, alpha)
        ctx.save_for_backward(y)
        ctx.alpha = alpha
        cls.keep(ctx, x)
        return y

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return upstream[0] * torch.where(y > 0, 1.0, y + ctx.alpha).to(y.dtype), None


class Box:
    """An object of the student's own."""


def in_a_list(ctx: Any, x: Tensor) -> None:
    ctx.extra = [x]


def in_a_function(ctx: Any, x: Tensor) -> None:
    ctx.slope = lambda: x.exp()


def in_a_partial(ctx: Any, x: Tensor) -> None:
    ctx.slope = partial(torch.exp, x)


def in_an_object(ctx: Any, x: Tensor) -> None:
    ctx.box = Box()
    ctx.box.x = x


def a_mask_in_a_dict(ctx: Any, x: Tensor) -> None:
    ctx.extra = {"mask": x > 0}


def as_an_array(ctx: Any, x: Tensor) -> None:
    ctx.extra = x.detach().float().numpy()


def plain_things(ctx: Any, x: Tensor) -> None:
    ctx.shape, ctx.dtype, alpha = x.shape, x.dtype, ctx.alpha
    ctx.left = lambda y: y + alpha


def _keeping(keep: Callable[[Any, Tensor], None]) -> type[torch.autograd.Function]:
    kept: type[torch.autograd.Function] = type("ELUFunction", (KeepsMore,), {})

    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        result: Tensor = kept.applied(ctx, x, alpha)  # type: ignore[attr-defined]
        return result

    kept.forward = staticmethod(forward)  # type: ignore[method-assign]
    kept.keep = staticmethod(keep)  # type: ignore[attr-defined]
    return kept


answers.right("ELUFunction", "plain things on ctx, and a function of them", _keeping(plain_things))
for says, keep in {
    "the input in a list": in_a_list,
    "the input in a function": in_a_function,
    "the input in a partial": in_a_partial,
    "the input in an object": in_an_object,
    "a mask in a dict": a_mask_in_a_dict,
    "the input as an array": as_an_array,
}.items():
    answers.wrong("ELUFunction", f"keeps {says}", _keeping(keep))


class ListedELU(ClampedELU):
    """Keeps a truth value for each element, in a list."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.above = (x > 0).tolist()
        return ClampedELU.forward(ctx, x, alpha)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        y = ctx.saved_tensors[0]
        slopes = torch.where(torch.tensor(ctx.above), torch.ones_like(y), y + ctx.number)
        return upstream[0] * slopes, None


class SizedELU(ClampedELU):
    """Keeps the shape, which is no list of its elements."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.sizes, ctx.both = list(x.shape), (alpha, x.dtype)
        return ClampedELU.forward(ctx, x, alpha)


answers.wrong("ELUFunction", "a list with a truth value for each element", ListedELU)
answers.right("ELUFunction", "sizes on ctx", SizedELU)
