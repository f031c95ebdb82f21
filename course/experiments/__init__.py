"""The code behind the labs' exploration cells: instruments, never answers."""

from __future__ import annotations

from course.experiments.where import here, on_cpu, where_it_can

__all__ = ["here", "on_cpu", "where_it_can"]
