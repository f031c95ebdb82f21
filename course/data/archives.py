"""Unpacking archives whose checksum was right."""

from __future__ import annotations

import tarfile
from pathlib import Path

from course.data.sources import SourceUnavailable
from course.data.storage import describe


def extract(archive: Path, folder: Path) -> None:
    """Unpack a tar archive; nothing may land outside ``folder``.

    Raises:
        SourceUnavailable: not an archive, or no room.
    """
    # The filter came with Python 3.11.4 and 3.12.
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, **safely)  # type: ignore[arg-type]
    except (OSError, tarfile.TarError) as error:
        raise SourceUnavailable(f"{archive.name} can't be unpacked ({describe(error)})") from error
