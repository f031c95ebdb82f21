"""The IDX format, in which MNIST and Fashion-MNIST are published: a header, then raw bytes."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from os.path import isfile  # False, not an error, in a forbidden folder
from pathlib import Path

import numpy as np

from course.data.dataset import Split
from course.data.sources import SourceUnavailable, Splits
from course.data.storage import describe

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
UNSIGNED_BYTE = 0x08


def is_folder(folder: Path) -> bool:
    """Does the folder hold IDX files, gzipped or not?"""
    return any(isfile(folder / f"{FILES['train'][0]}{suffix}") for suffix in ("", ".gz"))


def read_folder(folder: Path) -> Splits:
    """Read the four files of MNIST's layout, each gzipped or not.

    Raises:
        SourceUnavailable: a file is missing or damaged.
    """
    train, test = (
        Split.from_numpy(_read_file(folder, images), _read_file(folder, labels))
        for images, labels in FILES.values()
    )
    return Splits(train, test)


def _read_file(folder: Path, name: str) -> np.ndarray:
    zipped, plain = folder / f"{name}.gz", folder / name
    path = plain if isfile(plain) else zipped
    try:
        content = path.read_bytes()
        return parse(gzip.decompress(content) if path is zipped else content)
    except FileNotFoundError as error:
        raise SourceUnavailable(f"there is no {zipped}") from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise SourceUnavailable(f"{path} is damaged ({describe(error)})") from error


def parse(content: bytes) -> np.ndarray:
    """Bytes of an IDX file -> uint8 array of the shape that its header states.

    Raises:
        ValueError: not IDX, or another length than the header states.
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise ValueError(f"expected an IDX header 00 00 08, found {content[:3].hex(' ')!r}")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(f"expected {start} bytes of header, found {len(content)}")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ValueError(f"expected {shape} bytes, found {len(content) - start:,}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()
