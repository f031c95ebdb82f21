"""More than one dimension: the Jacobian of a block, and the gradient that it lets through least."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, close
from course.checks.inputs import coarse, normal, uniform, whole
from course.labs.lab06_resnet.questions import (
    Function as Branch,
)
from course.labs.lab06_resnet.questions import (
    jacobian_at,
    weakest_of,
    with_branch,
    without_sign,
)

from .book import TIGHT, check

LOOSE = close(rtol=1e-6, atol=3e-6, dtype=False)  # the root of a rounded square is less exact


def _columns(f: Branch, x: Tensor) -> Tensor:
    """The Jacobian of ``f`` column by column, by forward differentiation."""
    basis = torch.eye(len(x), dtype=x.dtype)
    return torch.stack([torch.func.jvp(f, (x,), (axis,))[1] for axis in basis], dim=1)


def _jacobian(combine: Callable[[Branch, Tensor], Tensor]) -> Mapping[str, Any]:
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
    contract=Function(
        lambda rng, D=4, H=5: (normal(rng, D), normal(rng, H, D), normal(rng, D, H)),
        wrt=(),
        adapter=with_branch,
    ),
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


@check.hidden("residual_jacobian")
def jacobian_with_two_hidden_layers(rng: Generator) -> Iterator[Case]:
    size = whole(rng, 5, 8)
    weights = [normal(rng, 9, size), normal(rng, 4, 9), normal(rng, size, 4)]
    text = f"f with two hidden layers, x of shape ({size},)"
    probe = ask(jacobian_at, "residual_jacobian", normal(rng, size), *weights, text=text)
    yield Case("two hidden layers", probe, judge=TIGHT, weight=2)


# The weakest direction --------------------------------------------------------------------


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
    contract=Function(
        lambda rng, D=4: (normal(rng, D, D),),
        edges={"one dimension": {"D": 1}, "two dimensions": {"D": 2}},
        wrt=(),
        adapter=without_sign,
        judge=LOOSE,
        single=close(1e-3, 1e-4, dtype=False),
    ),
)
def weakest_gradient(rng: Generator) -> Iterator[Case]:
    """The unit gradient that a block passes back most weakly, and its gain."""
    hint = (
        "max and min of |Jᵀg| over unit vectors g: the singular values. Which vectors reach them?"
    )
    size = whole(rng, 4, 6)
    identity = torch.eye(size, dtype=torch.float64)
    for title, matrix, weight in (
        ("I + J, J random", coarse(identity + normal(rng, size, size)), 4),
        ("J alone", normal(rng, 3, 3), 2),
        ("nearly the identity", coarse(identity + 0.1 * normal(rng, size, size)), 1),
    ):
        probe = ask(weakest_of, "weakest_gradient", matrix, text=f"weakest_gradient of {title}")
        yield Case(title, probe, hint, LOOSE, weight=weight)
    u, v = (normal(rng, size) for _ in range(2))
    dying = identity - torch.outer(u, v) / (u @ v)
    text = "I + J, where J has the eigenvalue −1"
    probe = ask(weakest_of, "weakest_gradient", dying, text=text)
    yield Case("a gradient that dies", probe, "One unit gradient arrives as 0.", LOOSE, weight=2)
    sizes = uniform(rng, 4, low=0.5, high=2.0).index_fill(0, torch.tensor(2), 0.0)
    kept = torch.diag(sizes).roll(1, 0)  # another vector on each side
    text = "weakest_gradient of a block that forgets one number"
    probe = ask(weakest_of, "weakest_gradient", kept, text=text)
    yield Case("exactly 0", probe, "This matrix has no inverse.", LOOSE, weight=0.5)


@check.hidden("weakest_gradient")
def weakest_of_a_larger_matrix(rng: Generator) -> Iterator[Case]:
    size = whole(rng, 7, 12)
    matrix = normal(rng, size, size)
    text = f"weakest_gradient of a random matrix {size} × {size}"
    yield Case(text, ask(weakest_of, "weakest_gradient", matrix, text=text), judge=LOOSE, weight=2)
