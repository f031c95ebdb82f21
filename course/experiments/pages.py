"""What the labs' experiments share in showing things on a notebook's page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean, stdev
from typing import Any


def shown(figure: Any, dpi: int = 84) -> Any:
    """The figure, closed, so that a notebook shows it once: as the value of its cell."""
    from matplotlib import pyplot

    pyplot.close(figure)
    figure.set_dpi(dpi)
    return figure


def written(function: Callable[[], Any], name: str) -> Any:
    """What ``function`` gives, or None with a line that says why, while ``name`` is missing."""
    try:
        return function()
    except NotImplementedError:
        print(f"{name} is not written yet: write it, then run this cell again")
    except Exception as error:
        print(f"{name} does not work yet ({type(error).__name__}): see its check above")
    return None


def spread(values: Sequence[float], form: str = ".0%") -> str:
    """Mean ± standard deviation, or the value where there is one alone."""
    if len(values) < 2:
        return format(values[0], form)
    return f"{mean(values):{form}} ± {stdev(values):{form}}"
