"""An exercise and all that belongs to it, and a question that a person marks."""

from __future__ import annotations

EXERCISE = '''\
# %% [markdown] intro="@NAME@"
# ### @HEADING@
# Some numbers count more than others. The mean of $v_1, …, v_K$ with the weights $w_1, …, w_K$ is
#
# $$m = \\frac{\\sum_k w_k v_k}{\\sum_k w_k}$$
#
# Write `@NAME@(values, weights)`, which does that for a batch.
#
# - It takes `values`, `(N, K)`: N rows of K values. And `weights`, `(K,)`: one for each column, all
#   of them positive.
# - It gives the mean of each row, `(N,)`, in the dtype of what it was given.
# - It raises `ValueError` where there is not one weight for each column.


# %% exercise="@NAME@" difficulty=1 minutes=10
def @NAME@(values: @TENSOR@, weights: @TENSOR@) -> @TENSOR@:
    """Mean of each row, in which some columns count more than others.

    (N, K), (K,) -> (N,), same dtype. The weights are positive and need not add up to 1.

    Raises:
        ValueError: there is not one weight for each column.
    """
    ### BEGIN SOLUTION
    if values.shape[1:] != weights.shape:
        raise ValueError("expected one weight for each column")
    return (values * weights).sum(dim=1) / weights.sum()
    ### END SOLUTION


# %% check="@NAME@" points=3
'''

QUESTION = """\
# %% [markdown] intro="@NAME@"
# ### @HEADING@
# In a weighted mean, one weight grows without bound while the others stay as they are. Where does
# the mean go, and why? Answer in two sentences.

# %% [markdown] question="@NAME@" points=1 minutes=5
# To the value that has this weight. Its share of the sum of the weights tends to 1, and the shares
# of all others tend to 0.
"""

CHECK = '''\
"""Checks of `@NAME@`: the mean of each row, weighted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call, close, gradient
from course.checks.inputs import normal, uniform

from .book import check


def _answer(values: Tensor, weights: Tensor) -> Tensor:
    return values @ (weights / weights.sum())  # correct, and written otherwise than in lab.py


def _mistake(name: str, answer: Callable[[Tensor, Tensor], Tensor], hint: str) -> Mistake:
    return Mistake(name, {"@NAME@": answer}, hint)


MISTAKES = [
    _mistake(
        "unweighted",
        lambda values, weights: values.mean(dim=1),
        "What does yours give when one of the weights is doubled?",
    ),
    _mistake(
        "not_divided",
        lambda values, weights: values @ weights,
        "If all values are equal, their mean is that value, whatever the weights. Is yours?",
    ),
    _mistake(
        "by_count",
        lambda values, weights: values @ weights / len(weights),
        "You divide by how many there are. What do the weights add up to?",
    ),
    _mistake(
        "squared_weights",
        lambda values, weights: values @ weights.square() / weights.square().sum(),
        "With the weights 1 and 2, how much more does the second value count in yours?",
    ),
    _mistake(
        "over_the_batch",
        lambda values, weights: (values * weights).sum() / (weights.sum() * len(values)),
        "A batch of N rows has N means. Over which axis is the sum?",
    ),
]


def _drawn(rng: Generator, N: int = 3, K: int = 4, weights: int = 0) -> tuple[Tensor, Tensor]:
    return normal(rng, N, K), uniform(rng, weights or K, low=0.5, high=2.0)


CONTRACT = Function(  # what it takes and what it refuses; the standard cases come from it
    _drawn,
    edges={"one row of one value": {"N": 1, "K": 1}, "no rows": {"N": 0}},
    refuses={
        ValueError: [
            lambda rng: _drawn(rng, weights=3),
            lambda rng: _drawn(rng, weights=5),
            lambda rng: _drawn(rng, weights=1),
        ]
    },
)


@check.define(
    oracle={"@NAME@": _answer},
    mistakes=MISTAKES,
    forbids=["average"],  # numpy's takes weights
    contract=CONTRACT,
)
def @NAME@(rng: Generator) -> Iterator[Case]:
    """The mean of each row, in which some columns count more."""
    values, weights = torch.tensor([[1.0, 5.0]]), torch.tensor([1.0, 3.0])
    yield Case(
        "two values, that you can do by hand",
        call("@NAME@", values, weights),
        "The second value counts three times: (1 + 5 + 5 + 5) / 4.",
        close(1e-6),
    )
    yield Case(
        "five rows of seven values",
        call("@NAME@", *_drawn(rng, 5, 7)),
        "Each row has its own mean, and all rows have the same weights.",
        weight=2,
    )
    yield Case(
        "its gradient",
        gradient("@NAME@", *_drawn(rng, 2, 3)),
        "How much does the mean grow with one value?",
    )


@check.hidden("@NAME@")  # for grading only
def many_rows(rng: Generator) -> Iterator[Case]:
    yield Case(
        "many rows",
        call("@NAME@", *_drawn(rng, 16, 9)),
        "Does your answer hold for any number of rows and columns?",
    )
'''

ANSWER = '''\
"""Answers to `@NAME@`, right and wrong."""

from __future__ import annotations

import torch
from torch import Tensor

from .book import answers


def checked(values: Tensor, weights: Tensor) -> None:
    """What every right answer refuses."""
    if values.shape[1] != len(weights):
        raise ValueError(len(weights))


def by_product(values: Tensor, weights: Tensor) -> Tensor:
    checked(values, weights)
    return values @ weights / weights.sum()


def by_shares(values: Tensor, weights: Tensor) -> Tensor:
    checked(values, weights)
    return torch.einsum("nk,k->n", values, weights / weights.sum())


def by_rows(values: Tensor, weights: Tensor) -> Tensor:
    checked(values, weights)
    means = values.new_empty(len(values))
    for number, row in enumerate(values):
        means[number] = torch.dot(row, weights) / weights.sum()
    return means


for says, answer in {
    "a product of matrices": by_product,
    "shares first": by_shares,
    "row by row": by_rows,
}.items():
    answers.right("@NAME@", says, answer)

GUARD = "- if values.shape[1:] != weights.shape:"
RETURN = "- return (values * weights).sum(dim=1) / weights.sum()"
for says, change in {
    "in the values' place": f"{RETURN}\\n+ return values.mul_(weights).sum(dim=1) / weights.sum()",
    "in double precision": f"{RETURN}\\n"
    "+ return (values * weights).double().sum(dim=1) / weights.sum()",
    "cut off from the gradient": f"{RETURN}\\n+ return values.detach() @ weights / weights.sum()",
    "a column instead of a row": f"{RETURN}\\n"
    "+ return (values * weights).sum(dim=1, keepdim=True) / weights.sum()",
    "one weight for all": f"{GUARD}\\n+ if len(weights) > 1 and values.shape[1:] != weights.shape:",
    "an IndexError": '- raise ValueError("expected one weight for each column")\\n'
    '+ raise IndexError("expected one weight for each column")',
}.items():
    slip = answers.changed("@NAME@", change)
    answers.wrong("@NAME@", says, slip)

answers.wrong(
    "@NAME@",
    "the plain mean",
    lambda values, weights: values.mean(dim=1),
    mistake="unweighted",
    at_most=0.3,
)

AXES = "a batch has two axes, so the second is the last"
for change in (
    f"{GUARD}\\n+ if values.shape[-1:] != weights.shape:",
    f"{RETURN}\\n+ return (values * weights).sum(dim=-1) / weights.sum()",
):
    answers.equivalent("@NAME@", change, AXES)
'''

SAMPLE = """\
# ---
# jupyter:
#   sample:
#     says: the plain mean, without the weights
#     points: {@NAME@: 0}
#     mistakes: {@NAME@: unweighted}
# ---

# %% exercise="@NAME@"
def @NAME@(values, weights):
    return values.mean(dim=1)
"""

OF_EXERCISE = {
    "solutions/@LAB@/checks/@NAME@.py": CHECK,
    "solutions/@LAB@/answers/@NAME@.py": ANSWER,
    "solutions/@LAB@/samples/@NAME@-unweighted--loses-@NAME@.py": SAMPLE,
}
"""What an exercise has beside its cells."""
