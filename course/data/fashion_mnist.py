"""Fashion-MNIST: 28×28 grey pictures of clothes in ten classes (Xiao, Rasul and Vollgraf, 2017).

A balanced subset comes with the course, so that everything works offline on real images; the
profile ``full`` looks for all 60,000 + 10,000.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from os.path import isdir  # False, not an error, in a forbidden folder
from pathlib import Path

from torch.nn import functional

from course.data import idx, storage
from course.data.dataset import Split
from course.data.network import download
from course.data.sources import (
    DataError,
    Expected,
    Fallback,
    Loaded,
    Request,
    Source,
    SourceUnavailable,
    Splits,
    first_available,
    unavailable,
)

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
FULL = Expected(counts=(60_000, 10_000), shape=(1, 28, 28))
SUBSET = Expected(counts=(10_000, 2_000), shape=(1, 28, 28))
BUNDLED = Path(__file__).with_name("fashion_mnist.npz")
# Where the Debian package dataset-fashion-mnist puts the original files.
SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")


def load(request: Request) -> Loaded:
    """The bundled subset; under profile ``full`` all of Fashion-MNIST, where it can be found."""
    return full(request) if request.profile == "full" else bundled()


def bundled() -> Loaded:
    """The subset that comes with the course, 10,000 + 2,000 images ``(N, 1, 28, 28)``.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        splits = SUBSET.check(storage.read_npz(BUNDLED), BUNDLED)
    except SourceUnavailable as reason:
        raise DataError(
            f"the course's own data file can't be read: {reason}. "
            "Install the course again, or copy that file again from the course's repository."
        ) from reason
    return Loaded("fashion_mnist", "Fashion-MNIST, bundled subset", splits, CLASSES)


def full(request: Request) -> Loaded:
    """All 60,000 + 10,000 images, or the bundled subset with the reasons why."""
    search = first_available(_sources(request))
    if search.found is None or search.source is None:
        return replace(bundled(), fallback=_fallback(search.reasons.values()))
    remarks = [search.reasons.get(f"from {request.folder}", "")]
    if search.source.keep:
        remarks.append(storage.keep_copy(_cached(), search.found))
    title = f"Fashion-MNIST, {search.source.origin}"
    return Loaded("fashion_mnist", title, search.found, CLASSES, remarks=remarks)


def _fallback(reasons: Iterable[str]) -> Fallback:
    return Fallback(
        wanted="the full Fashion-MNIST",
        reasons=reasons,
        next_step=f"connect to the internet once, or set {storage.SHARED} to a folder with its "
        "four IDX files",
    )


def like_cifar10() -> Loaded:
    """The bundled subset in CIFAR-10's shape ``(N, 3, 32, 32)``: zero-padded, three channels."""
    plain = bundled()
    splits = Splits(_like_cifar10(plain.splits.train), _like_cifar10(plain.splits.test))
    return replace(plain, splits=splits, remarks=["padded to 32×32, repeated over 3 channels"])


def _like_cifar10(split: Split) -> Split:
    padded = functional.pad(split.images, (2, 2, 2, 2))
    return Split(padded.repeat(1, 3, 1, 1), split.labels)


def _cached() -> Path:
    return storage.cache_folder() / "fashion_mnist.npz"


def _sources(request: Request) -> Iterator[Source[Splits]]:
    folder = request.folder
    if folder is not None:
        yield Source(f"from {folder}", lambda: FULL.check(_read_shared(folder), folder))
    if isdir(SYSTEM_FOLDER):
        yield Source(
            "from the system's copy",
            lambda: FULL.check(idx.read_folder(SYSTEM_FOLDER), SYSTEM_FOLDER),
        )
    yield Source("from the cache", lambda: FULL.check(storage.read_npz(_cached()), _cached()))
    if request.no_network:
        yield unavailable("downloaded", request.no_network)
    else:
        yield Source(
            "downloaded", lambda: FULL.check(_download(request), "the download"), keep=True
        )


def _read_shared(folder: Path) -> Splits:
    candidates = (folder, folder / "fashion-mnist", folder / "FashionMNIST" / "raw")
    for candidate in candidates:
        if idx.is_folder(candidate):
            return idx.read_folder(candidate)
    raise SourceUnavailable(f"{folder} holds no IDX files")


def _download(request: Request) -> Splits:
    """The four files from where torchvision takes them, with its checksums."""
    from torchvision.datasets import FashionMNIST

    with tempfile.TemporaryDirectory() as folder:
        for name, md5 in FashionMNIST.resources:
            url = FashionMNIST.mirrors[0] + name
            download(url, Path(folder) / name, md5=md5, progress=request.progress)
        return idx.read_folder(Path(folder))
