"""Experiments of lab 8: what blocks cost, transfer to few images, gradients at the image.

Networks here are torchvision's blocks on Fashion-MNIST with pixels in [0, 1]; what needs a
student's function says so until it is written.
"""

from course.labs.lab08_beyond.experiments.blocks import dense_ledger, race
from course.labs.lab08_beyond.experiments.costs import compare_paths, draw_savings
from course.labs.lab08_beyond.experiments.fooling import draw_attack, draw_attacks, draw_fooled
from course.labs.lab08_beyond.experiments.forgetting import draw_forgetting, draw_saliency
from course.labs.lab08_beyond.experiments.networks import trained_backbone, trained_network
from course.labs.lab08_beyond.experiments.transfer import draw_transfer, few_images

__all__ = [
    "compare_paths",
    "dense_ledger",
    "draw_attack",
    "draw_attacks",
    "draw_fooled",
    "draw_forgetting",
    "draw_saliency",
    "draw_savings",
    "draw_transfer",
    "few_images",
    "race",
    "trained_backbone",
    "trained_network",
]
