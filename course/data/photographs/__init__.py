"""Four free photographs, and what a person would call each in the words of ImageNet's classes.

Where they are from, and that they are free, stands in LICENSE beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Photograph:
    """One of them.

    Attributes:
        title: what is on it.
        classes: those of ImageNet's 1,000 that a person would accept, as torchvision spells them.
    """

    title: str
    classes: tuple[str, ...]

    def pixels(self) -> Tensor:
        """uint8 ``(3, H, W)``, in colours; the shorter side has 256 pixels."""
        from PIL import Image

        with Image.open(_FOLDER / f"{self.title.split()[-1]}.jpg") as image:
            return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


PHOTOGRAPHS = (
    Photograph("a cat", ("tabby", "tiger cat", "Egyptian cat")),
    Photograph("an espresso", ("espresso", "cup")),
    # ImageNet has no class for a rocket that carries satellites, and none for a person: the
    # nearest, and what stands behind her.
    Photograph("a rocket", ("missile", "projectile")),
    Photograph("an astronaut", ("space shuttle",)),
)
