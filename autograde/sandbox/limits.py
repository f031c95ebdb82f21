"""What one student's process may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds for one session. Sizes are in bytes, times in seconds.

    Attributes:
        memory: memory of the student's own, on top of what the warm process shares with it.
        processes: processes and threads at the same time.
        cpu_seconds: processor time of one process.
        session_seconds: wall time of all calls of a session together.
        file_bytes: size of one file.
        folder_bytes: size of all files in the private folder (and in ``/dev/shm``).
        folder_files: number of files and folders there.
        open_files: open files of one process.
        output_bytes: outputs of one cell.
        output_count: number of outputs of one cell.
        answer_bytes: tensors of one answer.
        threads: threads that torch computes with.
    """

    memory: int = 2048 * MIB
    processes: int = 64
    cpu_seconds: int = 600
    session_seconds: float = 300.0
    file_bytes: int = 64 * MIB
    folder_bytes: int = 256 * MIB
    folder_files: int = 4096
    open_files: int = 256
    output_bytes: int = 4 * MIB
    output_count: int = 500
    answer_bytes: int = 64 * MIB
    threads: int = 1

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not isinstance(value, int | float) or value <= 0:
                raise ValueError(f"the limit {entry.name} must be above 0, found {value!r}")

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers by name; ``Limits(**d)`` is the way back."""
        return asdict(self)
