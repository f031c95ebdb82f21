"""Draw a network from the model itself: blocks with shapes and parameters, branches, skips.

>>> from course import diagrams
>>> ax = diagrams.draw(model, (1, 32, 32))  # doctest: +SKIP
"""

from __future__ import annotations

from course.diagrams.blocks import BLOCKS, blocks
from course.diagrams.drawing import draw
from course.diagrams.graph import Graph, Node, graph_of

__all__ = ["BLOCKS", "Graph", "Node", "blocks", "draw", "graph_of"]
