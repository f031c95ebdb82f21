"""Imagenette: ten easily told classes of ImageNet (Howard, fastai), through torchvision.

9,469 training and 3,925 validation photographs. The validation part serves as the test split.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
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
    SourceUnavailable,
    Splits,
)

if TYPE_CHECKING:
    from torchvision.datasets import Imagenette

DEFAULT_IMAGE_SIZE = 160
FOLDERS = {"160px": "imagenette2-160", "320px": "imagenette2-320", "full": "imagenette2"}
