"""LeNet-5's table of connections, and codes for clothes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from course import plots
from course.labs.lab02_lenet.experiments.networks import Names
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CODES = {  # rows of 7 dots from the top down
    "T-shirt/top": "##...##|#######|#######|#.###.#|..###..|..###..|"
    "..###..|..###..|..###..|..###..|.......|.......",
    "Trouser": ".#####.|.#####.|.#####.|.##.##.|.##.##.|.##.##.|"
    ".##.##.|.##.##.|.##.##.|.##.##.|.##.##.|.##.##.",
    "Pullover": ".#...#.|#######|#######|#######|#######|##.#.##|"
    "##.#.##|##.#.##|##.#.##|##...##|##...##|.......",
    "Dress": "..#.#..|..#.#..|..###..|..###..|...#...|...#...|"
    "..###..|..###..|.#####.|.#####.|#######|#######",
    "Coat": "##...##|###.###|###.###|###.###|###.###|###.###|"
    "###.###|###.###|###.###|###.###|###.###|###.###",
    "Sandal": ".......|.......|.......|......#|.....##|....#.#|"
    "...#..#|..#...#|.#....#|#######|.......|.......",
    "Shirt": "#.#.#.#|.##.##.|#######|###.###|#######|..#.#..|"
    "..###..|..#.#..|..###..|..#.#..|..###..|.......",
    "Sneaker": ".......|.......|.......|.......|.......|.....##|"
    ".....##|.#..###|#######|#######|#######|.......",
    "Bag": ".......|..###..|.#...#.|.#...#.|#######|#.....#|"
    "#.....#|#.....#|#.....#|#.....#|#######|.......",
    "Ankle boot": ".......|.......|...####|...####|...####|...####|"
    "...####|..#####|#######|#######|#.....#|##...##",
}


def clothes_codes() -> Tensor:
    """Ten codes of 84 units, ±1: ``(10, 84)``, float32.

    Pictures of 7×12 dots for the classes of Fashion-MNIST, drawn for this course. (The paper's
    figure 3 has the characters of ASCII.)
    """
    rows = ["".join(code.split("|")) for code in CODES.values()]
    return torch.tensor([[1.0 if dot == "#" else -1.0 for dot in row] for row in rows])


def draw_codes() -> Figure:
    """The ten codes as pictures."""
    pictures = clothes_codes().view(-1, 1, 12, 7)
    framed = F.pad((pictures + 1) / 2, (1, 1, 1, 1))
    ax = plots.image_grid(framed, list(CODES), columns=10)
    return shown(ax.figure)


def code_distances() -> None:
    """Print the pairs of codes that differ in the fewest units, and the mean over all pairs."""
    codes = clothes_codes()
    differ = (codes[:, None] != codes[None]).sum(dim=2)
    first, second = torch.triu_indices(len(codes), len(codes), offset=1)
    distances = differ[first, second]
    names = list(CODES)
    for index in distances.argsort()[:4].tolist():
        pair = f"{names[first[index]]} and {names[second[index]]}"
        print(f"{pair:24} differ in {distances[index]} of 84 units")
    print(f"{'all pairs, on average':24} differ in {distances.float().mean():.0f} of 84 units")


def draw_connections(names: Names) -> Figure | None:
    """The student's table of connections: maps of S2 down, maps of C3 across."""
    rows = attempt(
        "c3_connections", lambda: [[*map(int, row)] for row in names["c3_connections"]()]
    )
    if not rows:
        return None
    ax = plots.axes(xlabel="map of C3", ylabel="map of S2", figsize=(6.4, 2.7))
    for column, row in enumerate(rows):
        ax.plot([column] * len(row), row, "s", color=plots.BLUE, markersize=11)
    for edge in (5.5, 11.5, 14.5):
        ax.axvline(edge, color=plots.GREY, linewidth=0.8)
    ax.set(xticks=range(len(rows)), yticks=range(6), xlim=(-0.6, 15.6), ylim=(5.6, -0.6))
    ax.grid(visible=False)
    print(f"{sum(map(len, rows))} connections")
    return shown(ax.figure)
