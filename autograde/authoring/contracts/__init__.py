"""What an exercise takes and gives, as its author declares it; the standard cases come from that.

Each exercise says once how its arguments are drawn, which edges they have and which of them are
refused. The framework asks for the rest, visibly and under grading: see
:mod:`course.checks.battery`::

    @check.define(contract=Function(
        lambda rng, N=7, K=10, k=3: (normal(rng, N, K), classes(rng, N, K), k),
        edges={"one image": {"N": 1}, "k is the number of classes": {"k": 10}},
        refuses={ValueError: [lambda rng: (normal(rng, 4, 5), classes(rng, 4, 5), 0)]},
    ))
    def topk_error(rng): ...

What is expected is what the reference answers, so an author declares only what the reference does
and the text says.
"""

from __future__ import annotations

from autograde.authoring.contracts.cases import Contract, Several, weighted
from autograde.authoring.contracts.functions import Function
from autograde.authoring.contracts.models import AS_IT_WAS, OfModel
from autograde.authoring.contracts.networks import Network

__all__ = ["AS_IT_WAS", "Contract", "Function", "Network", "OfModel", "Several", "weighted"]
