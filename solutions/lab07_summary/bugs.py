"""The bugs of `debug_this_network`: nine places, several bugs for each, one right text.

``python -m solutions.lab07_summary.bugs`` writes what students' programs are drawn from,
``course/labs/lab07_summary/programs.json.gz``: the bugs alone, never what is right. With
``measure`` behind it, it also runs the program with each bug left alone, for ``results.json``.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import torch

from autograde import tree
from autograde.authoring import reference
from course.labs.lab07_summary import programs
from course.labs.lab07_summary.experiments import program
from course.labs.shared import results

LAB = "lab07_summary"


@dataclass(frozen=True)
class Place:
    """A place of the program.

    Attributes:
        title: of the case that its bug loses.
        part: the function or class that it is in.
        right: its text without a bug.
        wrong: its text with one; each student has one of these.
    """

    title: str
    part: str
    right: str
    wrong: tuple[str, ...]


def _start(call: str) -> str:
    return f"        for layer in (self.conv1, self.conv2, self.head):\n            {call}\n"


def _loop(before: str, *body: str, after: str = "") -> str:
    """The end of an epoch: what comes before the loop, in it after the loss, and behind it."""
    head = (
        "    for start in range(0, len(x), batch_size):\n"
        "        <images> = x[start : start + batch_size]\n"
        "        <targets> = labels[start : start + batch_size]\n"
        "        loss = F.cross_entropy(model(<images>), <targets>)\n"
    )
    return before + head + "".join(f"        {line}\n" for line in body) + after


ZERO, BACK, STEP = "optimizer.zero_grad()", "loss.backward()", "optimizer.step()"
SCORES = "    with torch.no_grad():\n        <scores> = model(x)\n"
PLACES = {
    "start": Place(
        "the channels of a fresh layer differ",
        "Network",
        "",
        (
            _start("nn.init.constant_(layer.weight, 0.01)"),
            _start("nn.init.zeros_(layer.weight)"),
            _start("nn.init.normal_(layer.weight, 0.0, 10.0)"),
            "        nn.init.constant_(self.conv2.weight, 0.05)\n",
        ),
    ),
    "end": Place(
        "scores below zero are kept apart",
        "Network",
        "self.head(self.drop(x.flatten(1)))",
        (
            "F.relu(self.head(self.drop(x.flatten(1))))",
            "self.head(self.drop(x.flatten(1))).clamp(min=0)",
            "F.relu6(self.head(self.drop(x.flatten(1))))",
        ),
    ),
    "scores": Place(
        "the scores are no probabilities yet",
        "Network",
        "x",
        ("x.softmax(dim=1)", "x.log_softmax(dim=1).exp()", "x.sigmoid()"),
    ),
    "pixels": Place(
        "an image of the file is an image in the batch",
        "as_input",
        "pixels.movedim(2, 0).unsqueeze(1)",
        (
            "pixels.reshape(-1, 1, 28, 28)",
            "pixels.permute(2, 1, 0).unsqueeze(1)",
            "pixels.permute(1, 2, 0).reshape(-1, 1, 28, 28)",
            "pixels.transpose(0, 2).flip(2).unsqueeze(1)",
        ),
    ),
    "order": Place(
        "each image is trained on its own label",
        "train_epoch",
        "    order = torch.randperm(len(x))\n    x, labels = x[order], labels[order]\n",
        (
            "    x, labels = x[torch.randperm(len(x))], labels[torch.randperm(len(x))]\n",
            "    x = x[torch.randperm(len(x))]\n",
            "    labels = labels[torch.randperm(len(labels))]\n",
        ),
    ),
    "steps": Place(
        "each step follows its own gradient",
        "train_epoch",
        _loop("", ZERO, BACK, STEP),
        (
            _loop("", BACK, STEP),
            _loop(f"    {ZERO}\n", BACK, STEP),
            _loop("", BACK, ZERO, STEP),
            _loop("", ZERO, BACK, after=f"    {STEP}\n"),
        ),
    ),
    "shown": Place(
        "prediction sees what training saw",
        "predict",
        "as_input(pixels)",
        (
            "(as_input(pixels) - MEAN) / STD",
            "as_input(pixels) * STD + MEAN",
            "as_input(255 - pixels)",
            "as_input(pixels.flip(0))",
        ),
    ),
    "mode": Place(
        "the same image always gets the same answer",
        "predict",
        f"    model.eval()\n{SCORES}",
        (SCORES, f"    model.train()\n{SCORES}", f"{SCORES}    model.eval()\n"),
    ),
    "named": Place(
        "the classes are those of the labels",
        "predict",
        "<scores>.argmax(dim=1)",
        (
            "<scores>[:, 1:].argmax(dim=1)",
            "<scores>.argmax(dim=1) + 1",
            "<scores>[:, :-1].argmax(dim=1)",
            "<scores>.abs().argmax(dim=1)",
        ),
    ),
}
WORDS = {  # what an author may call things: it says nothing about bugs
    "images": ("images", "batch", "shown", "inputs"),
    "targets": ("targets", "wanted", "classes", "truth"),
    "scores": ("scores", "logits", "out", "found"),
}
PARTS = {
    "Network": '''\
class Network(nn.Module):
    """Two convolutions and a linear layer: (N, 1, 28, 28) -> (N, 10) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.conv2, self.norm2 = nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.drop, self.head = nn.Dropout(0.3), nn.Linear(32 * 7 * 7, 10)
{start}
    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        x = {end}
        return {scores}
''',
    "as_input": '''\
def as_input(pixels: Tensor) -> Tensor:
    """Bytes (28, 28, N), as the file has them -> normalised float32 (N, 1, 28, 28)."""
    x = {pixels}
    return (x.float() / 255 - MEAN) / STD
''',
    "train_epoch": '''\
def train_epoch(model, optimizer, x: Tensor, labels: Tensor, batch_size: int = 50) -> None:
    """One pass in training mode over images (N, 1, 28, 28) and labels (N,), in new order.

    Each image comes once, in batches of ``batch_size``; the last may be smaller. The optimizer
    takes one step for each batch, by the gradient of its mean cross-entropy.
    """
    model.train()
{order}{steps}''',
    "predict": '''\
def predict(model, pixels: Tensor) -> Tensor:
    """Classes (N,), whole numbers from 0 to 9, of images as the file has them."""
    x = {shown}
{mode}    return {named}
''',
}


def text(chosen: Mapping[str, int | None], part: str | None = None) -> str:
    """The program, or one part of it: by place, which bug it has; None for none."""
    filled = {
        name: place.right if chosen.get(name) is None else place.wrong[chosen[name] or 0]
        for name, place in PLACES.items()
    }
    parts = PARTS if part is None else {part: PARTS[part]}
    code = "\n\n".join(one.format(**filled) for one in parts.values())
    for word, (usual, *_) in WORDS.items():
        code = code.replace(f"<{word}>", usual)
    return code


def stored() -> bytes:
    """What students' programs are drawn from."""
    bugs = {name: place.wrong for name, place in PLACES.items()}
    found = {"parts": list(PARTS.values()), "bugs": bugs, "words": WORDS}
    return gzip.compress(json.dumps(found).encode(), mtime=0)


def measure() -> None:
    """What is right, and taken for what, when one bug is left: stored; about two minutes."""
    runs = {name: [_run({name: n}) for n in range(len(one.wrong))] for name, one in PLACES.items()}
    results.store(
        LAB,
        one_bug_left={
            "how": "each bug left alone, 2,000 training images, 3 epochs, seed 0; confusion in per "
            "cent of the class",
            "on": f"torch {torch.__version__.split('+')[0]} · CPU, 1 thread, float32",
            "date": str(date.today()),
            "repaired": _run({})["right"],
            "runs": runs,
        },
    )


def _run(chosen: Mapping[str, int]) -> dict[str, Any]:
    names = dict(reference.load(LAB))
    exec(text(chosen), names)
    signs = program.run(names)
    table = (100 * signs.confusion).round().int().tolist()
    print(chosen, f"{signs.right:.1%}")
    return {"right": round(signs.right, 4), "confusion": table}


if __name__ == "__main__":
    measure() if "measure" in sys.argv else None
    (tree.find().root / "course/labs" / LAB / programs.FILE).write_bytes(stored())
