"""ImageNet's weights in the student's network, on a few photographs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import torch
from torch import Tensor, hub
from torchvision.models import get_model_weights, resnet

from course.data.photographs import PHOTOGRAPHS, Photograph
from course.experiments import where_it_can
from course.labs.lab06_resnet.experiments.ledgers import copy_in_order
from course.labs.shared.pages import attempt, shown

SIZE = 224  # pixels of a side, of those that the network sees in the middle of a photograph
BEST = 3  # of the network's answers are told
Answers = Sequence[tuple[str, float]]  # a class and its probability, the most probable first


def classify(make_resnet: Any, depth: int = 18, fetch: bool = False) -> Any:
    """What a person, and the student's ResNet with torchvision's weights, call four photographs.

    Where the weights can't be had, a line of print says so, and the person speaks alone.

    Args:
        fetch: may the weights be downloaded? Else only what the cache has is used.
    """
    seen = [_middle(one.pixels()) for one in PHOTOGRAPHS]
    weights = _imagenet_weights(depth, fetch)
    if weights is None:
        return _drawn(PHOTOGRAPHS, seen, None)
    theirs, names = weights
    model = attempt("make_resnet", lambda: make_resnet(depth).eval())
    answers = None if model is None else _answers(model, theirs, names, torch.stack(seen))
    return _drawn(PHOTOGRAPHS, seen, answers)


def _imagenet_weights(depth: int, fetch: bool) -> Any:
    weights: Any = next(iter(get_model_weights(f"resnet{depth}")))  # the first: V1
    path = Path(hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    if not path.is_file() and not (fetch and _reachable(weights.url)):
        reason = "no connection" if fetch else "fetch=True downloads them"
        print(f"ImageNet's weights of ResNet-{depth} are not on this machine ({reason})")
        return None
    state = hub.load_state_dict_from_url(weights.url, progress=False, check_hash=True)
    theirs = getattr(resnet, f"resnet{depth}")()
    theirs.load_state_dict(state)  # by name: old files hold their tensors in another order
    return theirs, weights.meta["categories"]


def _reachable(url: str) -> bool:
    """Whether the host answers within three seconds."""
    try:
        with urlopen(Request(url, method="HEAD"), timeout=3):
            return True
    except OSError:
        return False


def _middle(pixels: Tensor) -> Tensor:
    """The square in the middle, (3, H, W) -> (3, SIZE, SIZE): what these weights were tested on."""
    top, left = ((length - SIZE) // 2 for length in pixels.shape[1:])
    return pixels[:, top : top + SIZE, left : left + SIZE]


def _answers(model: Any, theirs: Any, names: Sequence[str], pixels: Tensor) -> list[Answers]:
    """The most probable classes of each picture, with the weights of ``theirs``."""
    copy_in_order(model, theirs)
    channel_mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    channel_std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    seen = (pixels / 255 - channel_mean) / channel_std

    def scores(place: torch.device) -> Tensor:
        result: Tensor = model.to(place)(seen.to(place))
        return result.cpu()

    with torch.no_grad():
        best = where_it_can("make_resnet", scores).softmax(1).topk(BEST)
    return [
        [(names[place], share) for place, share in zip(places, shares, strict=True)]
        for places, shares in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]


def _drawn(
    photographs: Sequence[Photograph], pixels: Sequence[Tensor], answers: Sequence[Answers] | None
) -> Any:
    """Two photographs a row, each with the names that it gets beside it."""
    from matplotlib.figure import Figure

    rows = -(-len(photographs) // 2)
    width, height, side, gap = 7.2, 1.35 * rows, 1.22, 0.1  # inches; 224 pixels at 184 an inch
    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("none")
    for place, (photograph, picture) in enumerate(zip(photographs, pixels, strict=True)):
        left, top = (place % 2) * width / 2, height * (1 - place // 2 / rows)
        corner = (left / width, (top - side) / height)
        ax = figure.add_axes((*corner, side / width, side / height))
        ax.imshow(picture.permute(1, 2, 0).numpy())
        ax.axis("off")
        said = _said(photograph, answers[place] if answers else ())
        ax.text(1 + gap / side, 1, said, transform=ax.transAxes, va="top", fontsize=8.5)
    return shown(figure)


def _said(photograph: Photograph, answers: Answers) -> str:
    """What both call it; a name that both have is marked."""
    lines = [f"A person says: {photograph.title}"]
    lines += [f"   {name}" for name in photograph.classes]
    lines += ["The network says:"] if answers else []
    lines += [
        f"   {100 * share:.0f} % {name}{' ✓' if name in photograph.classes else ''}"
        for name, share in answers
    ]
    return "\n".join(lines)
