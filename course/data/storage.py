"""Folders and npz files: the class's shared folder, the cache, the bundled file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from course.data.dataset import Split
from course.data.sources import SourceUnavailable, Splits

SHARED = "COURSE_DATA"
OFFLINE = "COURSE_OFFLINE"


def shared_folder() -> Path | None:
    """The folder that ``COURSE_DATA`` names."""
    name = os.environ.get(SHARED, "").strip()
    return Path(name).expanduser() if name else None


def offline() -> bool:
    """Does ``COURSE_OFFLINE`` forbid the network?"""
    return os.environ.get(OFFLINE, "").strip().lower() not in ("", "0", "false", "no")


def cache_folder() -> Path:
    """``convnet-course`` in ``XDG_CACHE_HOME`` or ``~/.cache``; not created here."""
    name = os.environ.get("XDG_CACHE_HOME", "").strip()
    if name:
        return Path(name).expanduser() / "convnet-course"
    try:
        return Path.home() / ".cache" / "convnet-course"
    except RuntimeError:  # an account without a home, as in some containers
        return Path(tempfile.gettempdir()) / "convnet-course"


def read_npz(path: Path) -> Splits:
    """Read ``train_images``, ``train_labels``, ``test_images``, ``test_labels``.

    Images are uint8 ``(N, H, W)`` or ``(N, C, H, W)``. Pickles inside are refused.

    Raises:
        SourceUnavailable: no such file, not readable, or damaged.
    """
    try:
        # Opened here: numpy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            train, test = (
                Split.from_numpy(arrays[f"{part}_images"], arrays[f"{part}_labels"])
                for part in ("train", "test")
            )
    except FileNotFoundError as error:
        raise SourceUnavailable(f"there is no {path}") from error
    except OSError as error:
        raise SourceUnavailable(f"{path} can't be read ({describe(error)})") from error
    except Exception as error:  # damage makes numpy and zipfile raise nearly anything
        raise SourceUnavailable(f"{path} is damaged ({describe(error)})") from error
    return Splits(train, test)


def write_npz(path: Path, splits: Splits) -> None:
    """Write what :func:`read_npz` reads, whole or not at all; uncompressed, which loads fast.

    Raises:
        OSError: the folder can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile's: its files are private, and a class may share this one.
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            np.savez(
                file,
                train_images=splits.train.images.numpy(),
                train_labels=splits.train.labels.numpy().astype(np.uint8),
                test_images=splits.test.images.numpy(),
                test_labels=splits.test.labels.numpy().astype(np.uint8),
            )
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def keep_copy(path: Path, splits: Splits) -> str:
    """Write a copy to the cache; returns a remark where that failed, else nothing."""
    try:
        write_npz(path, splits)
    except OSError as error:
        return f"no copy kept in {path.parent} ({describe(error)})"
    return ""


def describe(error: BaseException) -> str:
    """An exception as part of a sentence, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
