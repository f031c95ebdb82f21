"""Make the bundled Fashion-MNIST subset and the held-out file, from the four original IDX files.

    python -m course.data.make_subset [FOLDER] [--held-out FILE]

FOLDER is where the four files lie (default: where the Debian package ``dataset-fashion-mnist``
puts them). The held-out file is for instructors and goes to ``solutions`` where there is
such a folder.

The selection: the images of each original part are ranked by the SHA-256 sum of
``"convnet-course 2017 PART INDEX"``, PART being ``train`` or ``test``. The bundled file has the
first 1,000 of each class in the ranking of ``train`` and the first 200 of each class in that of
``test``; the held-out file has the next 100 of each class of ``test``. Images stay in the order
of the ranking, so that labels come in no pattern. Nothing here depends on a random generator,
and the zip has fixed dates: the same input gives the same bytes wherever zlib is the same.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

from course.data import idx
from course.data.dataset import Split
from course.data.fashion_mnist import BUNDLED, FULL, SYSTEM_FOLDER
from course.data.sources import DataError, Splits

SEED = "convnet-course 2017"
TRAIN_PER_CLASS, TEST_PER_CLASS, HELD_OUT_PER_CLASS = 1_000, 200, 100
SECRET = Path(__file__).resolve().parents[2] / "solutions"
ABOUT = (
    "Fashion-MNIST (https://github.com/zalandoresearch/fashion-mnist), {part}. "
    "MIT licence, Copyright (c) 2017 Zalando SE, https://tech.zalando.com. "
    "Selection: course/data/make_subset.py."
)


def main() -> None:
    """Write both files and say what they are."""
    arguments = _parser().parse_args()
    splits = FULL.check(idx.read_folder(arguments.folder), arguments.folder)
    bundled, held_out = select(splits)
    _write(BUNDLED, bundled, "10,000 training and 2,000 test images")
    if arguments.held_out:
        _write(arguments.held_out, held_out, "1,000 other test images")


def select(splits: Splits) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The arrays of the bundled and of the held-out file, from the full Fashion-MNIST.

    Raises:
        DataError: a held-out picture is in the bundled file too.
    """
    train = choose(splits.train, "train", 0, TRAIN_PER_CLASS)
    test = choose(splits.test, "test", 0, TEST_PER_CLASS)
    held_out = choose(splits.test, "test", TEST_PER_CLASS, TEST_PER_CLASS + HELD_OUT_PER_CLASS)
    require_disjoint(held_out["images"], train["images"], test["images"])
    bundled = {f"train_{key}": array for key, array in train.items()}
    return bundled | {f"test_{key}": array for key, array in test.items()}, held_out


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make the bundled Fashion-MNIST subset.")
    parser.add_argument("folder", nargs="?", type=Path, default=SYSTEM_FOLDER)
    default = SECRET / "held_out.npz" if SECRET.is_dir() else None
    parser.add_argument("--held-out", type=Path, default=default)
    return parser


def choose(split: Split, part: str, first: int, last: int) -> dict[str, np.ndarray]:
    """Of each class the images ranked ``first`` to ``last`` (excluded), in ranking order.

    Returns:
        ``images`` uint8 ``(N, H, W)``, ``labels`` uint8 ``(N,)``, ``index`` uint16 ``(N,)``: the
        position in the original part.
    """
    order = np.array(sorted(range(len(split)), key=lambda index: _rank(part, index)))
    labels = split.labels.numpy()[order]
    place = np.empty(len(order), np.int64)  # among the images of the same class
    for label in np.unique(labels):
        mask = labels == label
        place[mask] = np.arange(mask.sum())
    chosen = (first <= place) & (place < last)
    return {
        "images": split.images.numpy()[order[chosen], 0],
        "labels": labels[chosen].astype(np.uint8),
        "index": order[chosen].astype(np.uint16),
    }


def _rank(part: str, index: int) -> bytes:
    return hashlib.sha256(f"{SEED} {part} {index}".encode()).digest()


def require_disjoint(images: np.ndarray, *others: np.ndarray) -> None:
    """Refuse to hold out a picture that students have, pixel by pixel.

    Raises:
        DataError: a picture of ``images`` is among ``others``.
    """
    seen = {picture.tobytes() for other in others for picture in other}
    shared = sum(picture.tobytes() in seen for picture in images)
    if shared:
        raise DataError(f"{shared} held-out pictures are in the bundled file too")


def _write(path: Path, arrays: dict[str, np.ndarray], part: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = archive({**arrays, "about": np.array(ABOUT.format(part=part))})
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    print(f"{path.name}: {part}, {len(content) / 1e6:.2f} MB, SHA-256 {digest}")


def archive(arrays: dict[str, np.ndarray]) -> bytes:
    """The npz that ``numpy.savez_compressed`` would write, but smaller and with fixed dates."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # the same on every system
            data = io.BytesIO()
            np.lib.format.write_array(data, array, allow_pickle=False)
            file.writestr(entry, data.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return content.getvalue()


if __name__ == "__main__":
    main()
