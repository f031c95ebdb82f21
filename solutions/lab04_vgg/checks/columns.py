"""The six columns of Simonyan and Zisserman 2015, table 1, and their parameters."""

from __future__ import annotations

Entry = int | str | tuple[int, int]

WIDTHS = (64, 128, 256, 512, 512)  # channels of the five stages
STAGES = {"A": "11222", "B": "22222", "D": "22333", "E": "22444"}  # 3×3 layers in each
PARAMETERS = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}
NAMES = tuple(PARAMETERS)


def column_of(name: str) -> list[Entry]:
    """Column ``name`` of the paper's table 1, from the numbers of layers in its stages."""
    base = {"A-LRN": "A", "C": "B"}.get(name, name)
    column: list[Entry] = []
    for stage, (count, channels) in enumerate(zip(STAGES[base], WIDTHS, strict=True)):
        column += [channels] * int(count)
        column += [(channels, 1)] if name == "C" and stage >= 2 else []
        column.append("M")
    return [column[0], "LRN", *column[1:]] if name == "A-LRN" else column
