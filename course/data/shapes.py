"""Drawn pictures of ten shapes and textures, at any size: no files, no network.

Each picture has a random place, size, angle, pair of colours and noise. Colours say
nothing about the class.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course.data.dataset import Split
from course.data.sources import Loaded, Request, Splits

SMALLEST, LARGEST = 16, 320  # pixels; below 16 the textures blur into one
DEFAULT_SIZE = (1_000, 200)
DEFAULT_IMAGE_SIZE = 32
CONTRAST = 90  # least distance between the two colours' grey levels
NOISE = 12.0  # standard deviation, in grey levels

# Each form is a signed distance in its own frame: positive inside. Shapes have radius 1;
# textures have period 1 and fill the picture.
Form = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    slanted = np.sqrt(0.75) * np.abs(u) + 0.5 * v
    return 0.5 - np.maximum(slanted, -v)


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    long, wide = np.maximum(np.abs(u), np.abs(v)), np.minimum(np.abs(u), np.abs(v))
    return np.minimum(0.27 - wide, 1 - long)


def _star(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    turn = np.arctan2(v, u) * 5 / (2 * np.pi)  # five points a turn
    edge = 0.35 + 1.3 * np.abs(turn - np.round(turn))
    return edge - np.hypot(u, v)


def _wave(phase: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi * phase) / (2 * np.pi)


SHAPES: dict[str, Form] = {
    "disc": lambda u, v: 0.85 - np.hypot(u, v),
    "square": lambda u, v: 0.75 - np.maximum(np.abs(u), np.abs(v)),
    "triangle": _triangle,
    "ring": lambda u, v: 0.22 - np.abs(np.hypot(u, v) - 0.75),
    "cross": _cross,
    "star": _star,
}
TEXTURES: dict[str, Form] = {
    "stripes": lambda u, v: _wave(u),
    "checker": lambda u, v: np.sin(np.pi * u) * np.sin(np.pi * v) / np.pi,
    "dots": lambda u, v: 0.3 - np.hypot(u - np.round(u), v - np.round(v)),
    "ripples": lambda u, v: _wave(np.hypot(u, v)),
}
CLASSES = (*SHAPES, *TEXTURES)


def load(request: Request) -> Loaded:
    """Images ``(N, 3, S, S)``, drawn with seed 0 for training and 1 for the test."""
    size = request.size or DEFAULT_SIZE
    image_size = request.image_size or DEFAULT_IMAGE_SIZE
    splits = Splits(generate(size[0], image_size, seed=0), generate(size[1], image_size, seed=1))
    return Loaded("shapes", "Shapes and textures, drawn", splits, CLASSES)


def generate(count: int, image_size: int, *, seed: int = 0, noise: float = NOISE) -> Split:
    """Draw ``count`` pictures uint8 ``(count, 3, image_size, image_size)``, classes balanced.

    ``noise`` is the standard deviation of the pixel noise, in grey levels. The same arguments
    give the same pictures; another ``noise`` gives the same pictures with other noise only.

    Raises:
        ValueError: ``count`` below 1, or ``image_size`` outside 16 to 320 pixels.
    """
    if count < 1:
        raise ValueError(f"expected a count of at least 1, found {count}")
    check_image_size(image_size)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % len(CLASSES))
    images = np.empty((count, 3, image_size, image_size), np.uint8)
    for index, label in enumerate(labels):
        images[index] = _picture(CLASSES[label], image_size, rng, noise)
    return Split.from_numpy(images, labels)


def check_image_size(image_size: int) -> None:
    """Raises ``ValueError`` where ``image_size`` is outside 16 to 320 pixels."""
    if not SMALLEST <= image_size <= LARGEST:
        raise ValueError(
            f"expected image_size from {SMALLEST} to {LARGEST} pixels, found {image_size}"
        )


def _picture(name: str, size: int, rng: np.random.Generator, noise: float) -> np.ndarray:
    coverage = _texture(name, size, rng) if name in TEXTURES else _shape(name, size, rng)
    ink, paper = _colours(rng)
    clean = paper[:, None, None] + (ink - paper)[:, None, None] * coverage
    noisy = clean + noise * rng.standard_normal(clean.shape, dtype=np.float32)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def _shape(name: str, size: int, rng: np.random.Generator) -> np.ndarray:
    radius = size * rng.uniform(0.28, 0.42)
    centre = size / 2 + (size / 2 - radius) * rng.uniform(-0.8, 0.8, 2)
    return _coverage(SHAPES[name], size, radius, centre, rng.uniform(0, 2 * np.pi))


def _texture(name: str, size: int, rng: np.random.Generator) -> np.ndarray:
    period = size / rng.uniform(2.5, 4.5)
    centre = rng.uniform(0.25, 0.75, 2) * size
    return _coverage(TEXTURES[name], size, period, centre, rng.uniform(0, 2 * np.pi))


def _coverage(form: Form, size: int, scale: float, centre: np.ndarray, angle: float) -> np.ndarray:
    """How much of each pixel ``(size, size)`` the form covers, 0 to 1, edges one pixel soft."""
    across = (np.arange(size) + 0.5 - centre[0]) / scale
    down = ((np.arange(size) + 0.5 - centre[1]) / scale)[:, None]
    u = np.cos(angle) * across + np.sin(angle) * down
    v = np.cos(angle) * down - np.sin(angle) * across
    return np.clip(0.5 + form(u, v) * scale, 0, 1)


def _colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two RGB colours whose grey levels are at least ``CONTRAST`` apart, in random order."""
    while True:
        pair = rng.uniform(0, 255, (2, 3))
        if abs(pair[0].mean() - pair[1].mean()) >= CONTRAST:
            return pair[0], pair[1]
