"""The book of lab 1's checks, and how exactly they compare."""

from __future__ import annotations

from autograde.authoring.checks import Book
from course.checks import close
from course.labs.lab01_activations.judges import TIGHT

__all__ = ["ALPHA", "BUILT_INS", "DTYPE_TOO", "EXACT", "LAMBDA", "SINGLE", "TIGHT", "check"]

check = Book("lab01_activations")

ALPHA, LAMBDA = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017
DTYPE_TOO = close(rtol=1e-7, atol=1e-9)  # one case of a check, so that a dtype costs its share only
SINGLE = close(rtol=1e-5, atol=1e-6)  # float32
EXACT = close(rtol=1e-7, atol=1e-10, dtype=False)  # float64, in hidden cases

# torch's own activations, by the plain names of functions, methods and layers: the exercises ask
# to write them by hand. Grading tells a person where an answer uses one; it costs no point.
BUILT_INS = """
    sigmoid logsigmoid hardsigmoid expit tanh hardtanh relu relu6 leaky_relu prelu rrelu threshold
    elu celu selu gelu silu softplus
""".split()  # noqa: SIM905 - a table reads better
