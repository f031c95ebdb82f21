"""More than one dimension: the Jacobian of a block, and the gradient that it lets through least."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from course.checks import Case, Mistake, ProbeError, ask, close
from course.checks.lab06.basis import TIGHT, check, normal, whole

Function = Callable[[Tensor], Tensor]
LOOSE = close(rtol=1e-6, atol=3e-6, dtype=False)  # the root of a rounded square is less exact


def branch(*weights: Tensor) -> Function:
    """Layers with tanh between them: ``(D,) -> (D,)``; one matrix alone is a linear map."""

    def f(x: Tensor) -> Tensor:
        for number, weight in enumerate(weights):
            x = weight @ (x.tanh() if number else x)
        return x

    return f


def jacobian_at(function: Any, x: Tensor, *weights: Tensor) -> Any:
    """The student's Jacobian ``(D, D)`` of a block whose branch has these weights."""
    return function(branch(*weights), x)


def _columns(f: Function, x: Tensor) -> Tensor:
    """The Jacobian of ``f`` column by column, by forward differentiation."""
    basis = torch.eye(len(x), dtype=x.dtype)
    return torch.stack([torch.func.jvp(f, (x,), (axis,))[1] for axis in basis], dim=1)


def _jacobian(combine: Callable[[Function, Tensor], Tensor]) -> Mapping[str, Any]:
    return {"residual_jacobian": combine}


@check.define(
    oracle=_jacobian(lambda f, x: _columns(lambda z: z + f(z), x)),
    mistakes=[
        Mistake(
            "no_shortcut",
            _jacobian(_columns),
            "This is the Jacobian of f. What is the Jacobian of x itself?",
        ),
        Mistake(
            "one_everywhere",
            _jacobian(lambda f, x: _columns(f, x) + 1),
            "`J + 1` adds 1 to every entry. How much does output 2 of the shortcut change when "
            "input 3 changes?",
        ),
        Mistake(
            "transposed",
            _jacobian(lambda f, x: _columns(lambda z: z + f(z), x).T),
            "Row i belongs to output i, column j to input j.",
        ),
        Mistake(
            "x_on_the_diagonal",
            _jacobian(lambda f, x: _columns(f, x) + x.diag()),
            "You put x itself on the diagonal.",
        ),
        Mistake(
            "diagonal_only",
            _jacobian(lambda f, x: _columns(lambda z: z + f(z), x).diagonal().diag()),
            "Every output may depend on every input: what is off the diagonal counts, too.",
        ),
        Mistake(
            "summed",
            _jacobian(lambda f, x: _columns(lambda z: z + f(z), x).sum(dim=0)),
            "You differentiated the sum of the outputs: one row. Wanted is a row for each.",
        ),
    ],
)
def residual_jacobian(rng: Generator) -> Iterator[Case]:
    """The Jacobian (D, D) of the block y = f(x) + x at a point."""
    hint = "Rows are outputs, columns inputs. First the Jacobian of f, then that of the shortcut."
    size = whole(rng, 3, 5)
    for title, shapes, weight in (
        ("f linear", ((size, size),), 2),
        ("f with a hidden layer", ((size + 2, size), (size, size + 2)), 4),
        ("one dimension", ((2, 1), (1, 2)), 1),
    ):
        weights = [normal(rng, *shape) for shape in shapes]
        x = normal(rng, shapes[0][1])
        text = f"{title}, x of shape {tuple(x.shape)}"
        probe = ask(jacobian_at, "residual_jacobian", x, *weights, text=text)
        yield Case(title, probe, hint, TIGHT, weight=weight)


# The weakest direction --------------------------------------------------------------------


def weakest_of(function: Any, jacobian: Tensor) -> dict[str, Any]:
    """The student's gain and gradient, told without the sign that nobody can know.

    Raises:
        ProbeError: not a pair of a number and a vector.
    """
    answer = function(jacobian)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ProbeError("expected a pair (gain, gradient)")
    gain, gradient = (torch.as_tensor(part) for part in answer)
    if gradient.shape != jacobian.shape[:1] or gain.numel() != 1:
        raise ProbeError(
            f"expected a gain of shape () and a gradient of shape {tuple(jacobian.shape[:1])}, "
            f"found {tuple(gain.shape)} and {tuple(gradient.shape)}"
        )
    return {
        "gain": float(gain),
        "length of the gradient": float(gradient.norm()),
        "length of what arrives": float((jacobian.T @ gradient).norm()),
    }


def _weakest(gain: Callable[[Tensor], Tensor], vector: Callable[[Tensor], Tensor]) -> Any:
    return {"weakest_gradient": lambda jacobian: (gain(jacobian), vector(jacobian))}


def _last_singular(matrix: Tensor) -> Tensor:
    return torch.linalg.svdvals(matrix)[-1]


def _left(matrix: Tensor) -> Tensor:
    """Eigenvector of J Jᵀ for its smallest eigenvalue."""
    return torch.linalg.eigh(matrix @ matrix.T).eigenvectors[:, 0]


@check.define(
    oracle=_weakest(_last_singular, _left),
    mistakes=[
        Mistake(
            "right_vector",
            _weakest(_last_singular, lambda j: _left(j.T)),
            "The gain is right. But your vector is the *input step* that the block forgets. The "
            "gradient comes from the other side: it arrives as Jᵀg.",
        ),
        Mistake(
            "frobenius",
            _weakest(torch.linalg.matrix_norm, _left),
            "Your gain adds up all directions.",
        ),
        Mistake(
            "largest",
            _weakest(
                lambda j: torch.linalg.matrix_norm(j, 2),
                lambda j: torch.linalg.eigh(j @ j.T).eigenvectors[:, -1],
            ),
            "This is the direction that grows most. Singular values come in falling order.",
        ),
        Mistake(
            "squared",
            _weakest(lambda j: _last_singular(j) ** 2, _left),
            "Your gain is squared: eigenvalues of JᵀJ are squares of singular values.",
        ),
        Mistake(
            "eigenvalue",
            _weakest(lambda j: torch.linalg.eigvals(j).abs().min(), _left),
            "Eigenvalues answer another question (a vector that keeps its direction). What "
            "bounds the length of Jᵀg for all unit vectors g?",
        ),
    ],
)
def weakest_gradient(rng: Generator) -> Iterator[Case]:
    """The unit gradient that a block passes back most weakly, and its gain."""
    hint = (
        "max and min of |Jᵀg| over unit vectors g: the singular values. Which vectors reach them?"
    )
    size = whole(rng, 4, 6)
    eye = torch.eye(size, dtype=torch.float64)
    for title, matrix, weight in (
        ("I + J, J random", eye + normal(rng, size, size), 4),
        ("J alone", normal(rng, 3, 3), 2),
        ("nearly the identity", eye + 0.1 * normal(rng, size, size), 1),
    ):
        probe = ask(weakest_of, "weakest_gradient", matrix, text=f"weakest_gradient of {title}")
        yield Case(title, probe, hint, LOOSE, weight=weight)
    u, v = (normal(rng, size) for _ in range(2))
    dying = eye - torch.outer(u, v) / (u @ v)
    text = "I + J, where J has the eigenvalue −1"
    probe = ask(weakest_of, "weakest_gradient", dying, text=text)
    yield Case("a gradient that dies", probe, "One unit gradient arrives as 0.", LOOSE, weight=2)
