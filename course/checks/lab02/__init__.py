"""Checks of lab 2: convolution by hand, LeNet-5 of 1998 and its modern form, training.

Networks are compared by value. The check's own weights are copied into the student's object in
float64, and outputs and gradients are compared with a formula on the same weights. How a class
keeps its weights is the student's own affair where that can be: the sparse convolution is found
out by sending impulses through it.
"""

from __future__ import annotations

from course.checks.lab02 import convolution, lenet, lenet5, sparse, subsampling, training
from course.checks.lab02.basis import check

__all__ = ["check", "convolution", "lenet", "lenet5", "sparse", "subsampling", "training"]
