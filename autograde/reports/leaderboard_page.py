"""The leaderboard as one HTML page: no script, nothing from elsewhere, every name escaped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from autograde.reports.document import document, scrolling
from autograde.reports.leaderboard import Board, Entry
from autograde.wording import counted

WIDTH, HEIGHT = 720.0, 380.0  # of the picture, in its own units
LEFT, RIGHT, TOP, BOTTOM = 58.0, 16.0, 14.0, 46.0
RADIUS, DOT = 9.0, 4.0
FAR = 0.3  # below the best: such a network is listed and not drawn
NUMBERED = 40  # entries up to which each mark has its rank in it
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # between lines of accuracy

STYLE = """
.unbeaten { color: var(--mark); font-weight: 600; }
.range { width: 110px; vertical-align: middle; }
.scroll + p { margin-top: 10px; }
svg .whisker, svg .rest { stroke: var(--rest); }
svg .rest { fill: var(--paper); }
svg .front, svg .track { stroke: var(--mark); fill: none; }
svg .front { stroke-width: 2; stroke-dasharray: 5 4; }
svg .best { fill: var(--mark); stroke: var(--paper); }
svg text.rank { font-size: 10px; text-anchor: middle; fill: var(--ink); }
svg text.on { fill: var(--on-mark); font-weight: 600; }
"""


def page(board: Board, title: str) -> str:
    """The whole page.

    Args:
        title: of the lab, for the heading.
    """
    heading = escape(title)
    parts = [
        f'<p class="soft">Leaderboard</p>\n<h1>{heading}</h1>',
        f"<p>{escape(_counts(board))}</p>",
        _figure(board),
        _table(board),
        _absent(board),
    ]
    return document(f"Leaderboard: {title}", "\n".join(part for part in parts if part), STYLE)


def percent(share: float) -> str:
    """A share with one digit after the point: ``89.4 %``."""
    return f"{100 * share:.1f} %"


def spread(interval: tuple[float, float] | None) -> str:
    """An interval as ``88.0 – 90.7 %``; a dash where there is none."""
    if interval is None:
        return "–"
    low, high = interval
    return f"{100 * low:.1f} – {100 * high:.1f} %"


def size(parameters: int | None) -> str:
    """A count of parameters; a dash where nobody counted."""
    return f"{parameters:,}" if parameters else "–"


def _counts(board: Board) -> str:
    networks = counted(len(board.entries), "network")
    images = {entry.images for entry in board.entries}
    on = f" on {images.pop():,} hidden images" if len(images) == 1 and None not in images else ""
    without = f"; {counted(len(board.absent), 'student')} without one" if board.absent else ""
    return f"{networks}, measured by the grader{on}{without}."


def _table(board: Board) -> str:
    unbeaten = {id(entry) for entry in board.frontier}
    low, high = _extent(_near(board.entries))
    rows = "".join(_row(entry, id(entry) in unbeaten, low, high) for entry in board.entries)
    table = (
        "<table>\n<thead><tr>"
        '<th scope="col" class="number">rank</th><th scope="col">name</th>'
        '<th scope="col" class="number">accuracy</th>'
        '<th scope="col" class="number wide">95 % interval</th>'
        '<th scope="col" class="wide">drawn</th>'
        '<th scope="col" class="number">parameters</th>'
        '<th scope="col" class="number">points</th>'
        f"</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
    )
    return (
        f"<h2>Ranking</h2>\n{scrolling(table, 'Ranking')}\n"
        '<p class="soft">The interval is Wilson’s: of intervals made like this, 19 in 20 hold the '
        "accuracy on all images of the kind. Where two overlap, their order may be luck. Equal "
        "accuracies share a rank, the smaller network first. Parameters are the numbers in the "
        "file, counted by the grader.</p>"
    )


def _row(entry: Entry, unbeaten: bool, low: float, high: float) -> str:
    style = ' class="name unbeaten"' if unbeaten else ' class="name"'
    return (
        f'<tr><td class="number">{entry.rank}</td><td{style}>{escape(entry.label)}</td>'
        f'<td class="number">{percent(entry.accuracy)}</td>'
        f'<td class="number wide">{spread(entry.interval)}</td>'
        f'<td class="wide range">{_range(entry, low, high)}</td>'
        f'<td class="number">{size(entry.parameters)}</td>'
        f'<td class="number">{entry.points:g} / {entry.maximum:g}</td></tr>\n'
    )


def _range(entry: Entry, low: float, high: float) -> str:
    """The interval as a bar, on one scale for the class; nothing for one far below."""
    if entry.accuracy < low:
        return ""
    width = (high - low) or 1.0
    places = (*_ends(entry), entry.accuracy)
    start, end, at = (4 + 102 * max(share - low, 0) / width for share in places)
    return (
        '<svg viewBox="0 0 110 14" aria-hidden="true">'
        f'<line class="track" stroke-width="2" x1="{start:.1f}" x2="{end:.1f}" y1="7" y2="7"/>'
        f'<circle class="best" cx="{at:.1f}" cy="7" r="4"/></svg>'
    )


def _ends(entry: Entry) -> tuple[float, float]:
    return entry.interval or (entry.accuracy, entry.accuracy)


def _extent(entries: Iterable[Entry]) -> tuple[float, float]:
    """The lowest and the highest end of their intervals."""
    ends = [_ends(entry) for entry in entries]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _near(entries: Iterable[Entry]) -> list[Entry]:
    """Those that are not so far below the best that they would squeeze all others together."""
    every = list(entries)
    best = max(entry.accuracy for entry in every)
    return [entry for entry in every if entry.accuracy >= best - FAR]


def _absent(board: Board) -> str:
    if not board.absent:
        return ""
    rows = "".join(
        f'<tr><td class="name">{escape(one.label)}</td><td>{escape(one.why)}</td></tr>\n'
        for one in board.absent
    )
    return (
        "<h2>Without a measured network</h2>\n<table>\n<thead><tr>"
        '<th scope="col">name</th><th scope="col">why</th>'
        f"</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
    )


# The picture: accuracy against parameters ----------------------------------------------------


@dataclass(frozen=True)
class Scale:
    """From data to places in the picture."""

    x: Callable[[float], float]
    y: Callable[[float], float]
    columns: list[float]  # numbers of parameters with a line
    rows: list[float]  # accuracies with a line


def _figure(board: Board) -> str:
    ranked = [entry for entry in board.entries if entry.parameters]
    if not ranked:
        return ""
    near = _near(ranked)
    below = len(ranked) - len(near)
    told = f" {counted(below, 'network')} far below the others: not drawn." if below else ""
    scale = _scaled(near)
    best = [entry for entry in board.frontier if entry in near]
    rest = [entry for entry in near if entry not in best]
    numbered = len(near) <= NUMBERED
    marks = [_mark(entry, scale, False, numbered) for entry in reversed(rest)]
    marks += [_mark(entry, scale, True, numbered) for entry in reversed(best)]
    drawn = [*_axes(scale), _front(best, scale), *marks]
    picture = (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        'aria-label="Accuracy against number of parameters, by rank">\n'
        + "\n".join(drawn)
        + "\n</svg>"
    )
    return (
        f"<figure>\n{scrolling(picture, 'The picture')}\n"
        '<figcaption class="soft">Each mark is a network with its rank; the bar is its '
        "interval. Blue ones are beaten by nobody: every other network is larger, or less "
        f"accurate, or just as they are.{told}</figcaption>\n</figure>"
    )


def _scaled(entries: list[Entry]) -> Scale:
    sizes = [entry.parameters or 1 for entry in entries]
    first, last = math.log10(min(sizes)) - 0.12, math.log10(max(sizes)) + 0.12
    low, high = _extent(entries)
    step = next((one for one in STEPS if (high - low) / one <= 7), STEPS[-1])
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step

    def x(parameters: float) -> float:
        part = (math.log10(parameters) - first) / (last - first)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def y(share: float) -> float:
        return HEIGHT - BOTTOM - (share - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    lines = [bottom + number * step for number in range(round((top - bottom) / step) + 1)]
    return Scale(x, y, _round_sizes(first, last), lines)


def _round_sizes(first: float, last: float) -> list[float]:
    """1, 2 and 5 times powers of ten between two logarithms; powers alone where they suffice."""
    exponents = range(math.floor(first), math.ceil(last) + 1)
    every = [10.0**e * factor for e in exponents for factor in (1, 2, 5)]
    inside = [one for one in every if first <= math.log10(one) <= last]
    powers = [one for one in inside if math.log10(one) % 1 == 0]
    if len(powers) > 3:
        return powers
    return inside or [round(10 ** ((first + last) / 2))]


def _axes(scale: Scale) -> Iterable[str]:
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    digits = 1 if len(scale.rows) > 1 and scale.rows[1] - scale.rows[0] < 0.0099 else 0
    for share in scale.rows:
        y = scale.y(share)
        yield f'<line class="line" x1="{LEFT:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield (
            f'<text class="end" x="{LEFT - 8:g}" y="{y + 4:.1f}">{100 * share:.{digits}f} %</text>'
        )
    for parameters in scale.columns:
        x = scale.x(parameters)
        yield f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" y2="{floor:g}"/>'
        yield f'<text class="middle" x="{x:.1f}" y="{floor + 17:g}">{parameters:,.0f}</text>'
    middle = (LEFT + right) / 2
    yield (
        f'<text class="middle" x="{middle:g}" y="{HEIGHT - 8:g}">parameters (logarithmic)</text>'
    )


def _front(best: list[Entry], scale: Scale) -> str:
    """A staircase: the best accuracy up to each size."""
    steps = [(scale.x(entry.parameters or 1), scale.y(entry.accuracy)) for entry in best]
    path = f"M {steps[0][0]:.1f} {HEIGHT - BOTTOM:.1f} V {steps[0][1]:.1f}"
    for x, y in steps[1:]:
        path += f" H {x:.1f} V {y:.1f}"
    return f'<path class="front" d="{path} H {WIDTH - RIGHT:g}"/>'


def _mark(entry: Entry, scale: Scale, best: bool, numbered: bool) -> str:
    x, y = scale.x(entry.parameters or 1), scale.y(entry.accuracy)
    low, high = (scale.y(share) for share in _ends(entry))
    kind, on = ("best", " on") if best else ("rest", "")
    radius = RADIUS if numbered else DOT
    told = f"{entry.rank}. {entry.label}: {percent(entry.accuracy)}, {size(entry.parameters)}"
    rank = f'<text class="rank{on}" x="{x:.1f}" y="{y + 3.5:.1f}">{entry.rank}</text>'
    return (
        f"<g><title>{escape(told)}</title>"
        f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
        f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'
        f"{rank if numbered else ''}</g>"
    )
