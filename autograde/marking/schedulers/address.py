"""Which scheduler grades, and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograde.errors import DesignedError

LOCAL = "local"


class SchedulerError(DesignedError):
    """The scheduler or its workers can't grade, or not any more; what is graded is kept."""


@dataclass(frozen=True)
class Scheduler:
    """A scheduler of Dask's.

    Attributes:
        address: such as ``tls://host:8786``; ``local``, or a number of workers, for an own one.
        tls_ca: the authority that signed all certificates; without it, as Dask is configured.
        tls_cert: this process's certificate.
        tls_key: this process's key.
    """

    address: str
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        files = {"ca": self.tls_ca, "cert": self.tls_cert, "key": self.tls_key}
        missing = [f"--tls-{name}" for name, path in files.items() if path is None]
        if 0 < len(missing) < len(files):
            raise SchedulerError(
                f"TLS wants --tls-ca, --tls-cert and --tls-key. Missing: {', '.join(missing)}."
            )
        for name, path in files.items():
            if path is not None and not path.is_file():
                raise SchedulerError(f"--tls-{name} {path}: there is no such file.")
        if not self.own and ":" not in self.address:
            raise SchedulerError(
                f"--scheduler {self.address}: expected an address such as tls://host:8786, a "
                "number of workers of this machine, or local for as many as --jobs."
            )

    @property
    def own(self) -> bool:
        """Whether it is begun here, for this grading alone."""
        return self.address == LOCAL or self.workers > 0

    @property
    def workers(self) -> int:
        """How many workers an own one has; 0 where as many as jobs, or where it is not own."""
        return int(self.address) if self.address.isdecimal() else 0
