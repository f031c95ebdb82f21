"""Make the weights that the sample submissions hand in; about three minutes on one core.

``python -m solutions.lab07_summary.make_weights`` trains the samples' networks on the bundled
training images and writes them beside the samples, in half precision. With ``margin`` behind it,
it measures instead how far the solution's recipe is above the steps, on the judging images, over
five seeds.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import nn

from autograde import tree
from autograde.authoring import reference, samples
from autograde.marking import hidden
from course import augment, data, training, weights
from solutions.lab07_summary.checks.book import LIMIT

LAB = "lab07_summary"
FOLDER = tree.find().samples(LAB)
TRAINED = {  # file: (sample whose network it is; the reference without one, epochs)
    "good": ("", 12),
    "lenet": ("a-lenet", 12),
    "separable": ("separable-blocks", 12),
    "linear": ("a-linear-network", 1),
}

FILES = (*TRAINED, "padded", "untrained", "nine", "pickled", "cut")


def network_of(sample: str) -> nn.Module:
    """A fresh network of a sample's ``build_network``."""
    names: dict[str, Any] = dict(reference.load(LAB))
    if sample:
        (found,) = [one for one in samples.load(FOLDER) if one.name == sample]
        exec(found.answers["build_network"], names)
    torch.manual_seed(0)
    model: nn.Module = names["build_network"]()
    return model


def trained(model: nn.Module, epochs: int) -> nn.Module:
    """The network after some epochs; if more than one, on shifted and mirrored images."""
    fashion = data.load("fashion_mnist", verbose=False)
    black = augment.black_of(fashion)
    change = augment.Chain(augment.Crop(padding=2, fill=black), augment.Flip())
    images = fashion.normalise(fashion.train.images), fashion.train.labels
    training.fit(
        model, images, epochs=epochs, batch_size=64, lr=0.005, optimizer=torch.optim.Adam,
        schedule=training.schedules.one_cycle(), augment=change if epochs > 1 else None,
        device="cpu",
    )  # fmt: skip
    test = fashion.normalise(fashion.test.images), fashion.test.labels
    print(training.evaluate(model, *test))
    return model


def main() -> None:
    """Write all files."""
    torch.set_num_threads(1)
    for name in FILES:  # a sample is not read while a file that it names is missing
        (FOLDER / f"{name}.safetensors").touch()
    for name, (sample, epochs) in TRAINED.items():
        print(
            weights.save(trained(network_of(sample), epochs).half(), FOLDER / f"{name}.safetensors")
        )
    good = weights.read(FOLDER / "good.safetensors")
    large = network_of("too-large")
    weights.fill(large, good | {"spare": torch.zeros(LIMIT - 50_000)})
    for name, model in {
        "padded": large,
        "untrained": network_of("untrained"),
        "nine": network_of("nine-classes"),
    }.items():
        print(weights.save(model.half(), FOLDER / f"{name}.safetensors"))
    torch.save(network_of("untrained").half().state_dict(), FOLDER / "pickled.safetensors")
    whole = (FOLDER / "untrained.safetensors").read_bytes()
    (FOLDER / "cut.safetensors").write_bytes(whole[: len(whole) // 2])


def margin(seeds: int = 5, epochs: int = 3) -> None:
    """Print the solution's accuracy on the judging images, seed by seed; its quick recipe."""
    fashion = data.load("fashion_mnist", verbose=False)
    images, labels = fashion.normalise(fashion.train.images)[:-1000], fashion.train.labels[:-1000]
    last = hidden.check(LAB, "trained_network").cases[-1]
    judged = fashion.normalise(last.case.probe.args[-1])
    for seed in range(seeds):
        torch.manual_seed(seed)
        model = reference.load(LAB)["train_network"](images, labels, epochs)
        print(seed, training.evaluate(model, judged, last.expected))


if __name__ == "__main__":
    margin() if sys.argv[1:] == ["margin"] else main()
