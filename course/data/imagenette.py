"""Imagenette: ten easily told classes of ImageNet (Howard, fastai), through torchvision.

Its validation part serves as the test split. Read from the class's shared folder, the cache, or
downloaded into the cache; where none works, drawn shapes stand in, and ``load`` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from os.path import isdir  # False, not an error, in a forbidden folder
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from course.data import shapes, storage
from course.data.archives import extract
from course.data.dataset import Split
from course.data.network import download
from course.data.sampling import stratified
from course.data.sources import (
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
    from torchvision.datasets import Imagenette

DEFAULT_IMAGE_SIZE = 160
FOLDERS = {"160px": "imagenette2-160", "320px": "imagenette2-320", "full": "imagenette2"}


def load(request: Request) -> Loaded:
    """Images ``(N, 3, S, S)``: scaled to ``S`` on the shorter side, the centre cut out.

    Only the images of ``request.size`` are decoded.

    Raises:
        ValueError: ``image_size`` is outside 16 to 320 pixels, or ``size`` larger than there is.
    """
    image_size = request.image_size or DEFAULT_IMAGE_SIZE
    shapes.check_image_size(image_size)
    request = replace(request, image_size=image_size)
    search = first_available(_sources(request, image_size))
    if search.found is not None:
        remark = search.reasons.get(f"from {request.folder}", "")
        return replace(search.found, remarks=[remark])
    fallback = Fallback("Imagenette", search.reasons.values(), _next_step(image_size))
    return replace(shapes.load(request), fallback=fallback)


def _next_step(image_size: int) -> str:
    wanted = FOLDERS[_variants(image_size)[0]]
    return f"connect to the internet once, or set {storage.SHARED} to a folder with {wanted}"


def _variants(image_size: int) -> list[str]:
    """The archives that will do, the smallest that is sharp enough first."""
    return ["160px", "320px", "full"] if image_size <= 160 else ["320px", "full", "160px"]


def _sources(request: Request, image_size: int) -> Iterator[Source[Loaded]]:
    if request.folder is None:
        yield unavailable("from the shared folder", f"{storage.SHARED} is not set")
    else:
        yield _source(f"from {request.folder}", request.folder, request, image_size)
    cache = storage.cache_folder()
    yield _source("from the cache", cache, request, image_size)
    if request.no_network:
        yield unavailable("downloaded", request.no_network)
        return
    variant = _variants(image_size)[0]
    yield Source("downloaded", partial(_fetch, cache, variant, request, image_size))


def _source(origin: str, root: Path, request: Request, image_size: int) -> Source[Loaded]:
    """The best variant that ``root`` holds."""
    for variant in _variants(image_size):
        if isdir(root / FOLDERS[variant]):
            title = f"Imagenette ({variant}), {origin}"
            return Source(origin, partial(read, root, variant, title, request.size, image_size))
    return unavailable(origin, f"{root} holds no {FOLDERS[_variants(image_size)[0]]}")


def read(
    root: Path, variant: str, title: str, size: tuple[int, int] | None, image_size: int
) -> Loaded:
    """Read torchvision's layout: ``root/imagenette2-160/train/n01440764/*.JPEG``, and ``val``.

    Raises:
        SourceUnavailable: folders or images are missing or damaged.
        ValueError: ``size`` is larger than there is.
    """
    train, test = (_listed(root, variant, part) for part in ("train", "val"))
    if train.wnids != test.wnids:
        raise SourceUnavailable(f"{root / FOLDERS[variant]}: train and val differ in classes")
    counts = size or (len(train), len(test))
    splits = Splits(_decoded(train, counts[0], image_size), _decoded(test, counts[1], image_size))
    classes = tuple(names[0] for names in train.classes)
    available = (len(train), len(test))
    return Loaded("imagenette", title, splits, classes, available=available)


def _listed(root: Path, variant: str, part: str) -> Imagenette:
    from torchvision.datasets import Imagenette

    try:
        return Imagenette(root, split=part, size=variant)
    except (OSError, KeyError, RuntimeError) as error:
        reason = storage.describe(error)
        raise SourceUnavailable(f"{root / FOLDERS[variant] / part}: {reason}") from error


def _decoded(listed: Imagenette, count: int, image_size: int) -> Split:
    labels = torch.tensor([label for _, label in listed._samples])
    chosen = stratified(labels, count)
    paths = [listed._samples[index][0] for index in chosen.tolist()]
    # Pillow lets go of Python's lock while it decodes, so threads use all cores.
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(partial(_decode, image_size=image_size), paths))
    return Split.from_numpy(np.stack(images), labels[chosen].numpy())


def _decode(path: str, image_size: int) -> np.ndarray:
    """A picture file -> uint8 ``(3, image_size, image_size)``."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as photo:
            rgb = photo.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise SourceUnavailable(f"{path} is damaged ({storage.describe(error)})") from error
    square = ImageOps.fit(rgb, (image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(square).transpose(2, 0, 1)


def _fetch(cache: Path, variant: str, request: Request, image_size: int) -> Loaded:
    """Download torchvision's archive, with its checksum, and unpack it into the cache."""
    from torchvision.datasets import Imagenette

    url, md5 = Imagenette._ARCHIVES[variant]
    archive = cache / Path(url).name
    try:
        cache.mkdir(parents=True, exist_ok=True)
        download(url, archive, md5=md5, progress=request.progress)
        extract(archive, cache)
    except OSError as error:
        raise SourceUnavailable(f"{cache} can't be written ({storage.describe(error)})") from error
    finally:
        archive.unlink(missing_ok=True)
    return read(cache, variant, f"Imagenette ({variant}), downloaded", request.size, image_size)
