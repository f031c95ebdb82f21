"""Lab 9's last training, with the answers of its reference, over five seeds.

    python tests/benchmarks/ninety_four.py [--quick]

The last line is JSON: mean accuracy with its standard error, seconds of training of each seed after
a run that warms up, how it was computed, and on what. ``--quick`` takes few images, small ones, and
two seeds.
"""

from __future__ import annotations

import argparse
import json
from statistics import fmean, stdev
from typing import Any

from autograde.authoring import reference
from course import data
from course.device import describe
from course.labs.lab09_fast.experiments import pictures, race
from course.labs.lab09_fast.experiments.measured import NESTEROV
from course.labs.lab09_fast.experiments.networks import LAB


def measured(quick: bool) -> dict[str, Any]:
    """Train as the notebook does in profile full, or in profile quick.

    Raises:
        SystemExit: CIFAR-10 is not at hand, and this is no short run.
    """
    dataset = data.load("cifar10", size=(1500, 1000) if quick else (50_000, 10_000), verbose=False)
    if dataset.name != "cifar10" and not quick:
        raise SystemExit("CIFAR-10 is not at hand")
    images, solved = pictures(dataset, small=quick), reference.load(LAB)
    found = race(
        images,
        epochs=4 if quick else 16,
        seeds=range(2 if quick else 5),
        filters=solved["whitening_filters"],
        scores=solved["flipped_scores"],
        schedule=solved["triangle"],
        optimizer=NESTEROV,
        batch_size=32 if quick else 512,
        lr=0.1 if quick else 0.4,
        weight_decay=5e-4,
        label_smoothing=0.2,
        augment=images.covered,
    )
    if found is None:
        raise SystemExit("the training stopped")
    accuracy, seeds = found["accuracy"], len(found["accuracy"])
    return {
        "on": describe(),
        "data": images.title,
        "seeds": seeds,
        "accuracy": round(fmean(accuracy), 5),
        "standard error": round(stdev(accuracy) / seeds**0.5, 5),
        "accuracies": accuracy,
        "seconds": found["seconds"],
        "pace": found["pace"],
    }


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few images, small ones, two seeds")
    print(json.dumps(measured(parser.parse_args().quick), ensure_ascii=False))


if __name__ == "__main__":
    main()
