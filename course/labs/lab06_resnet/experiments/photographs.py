"""ImageNet's weights in the student's network, on a few photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import torch
from torch import Tensor, hub
from torchvision.models import get_model_weights, resnet

from course import data, plots
from course.experiments import where_it_can
from course.labs.lab06_resnet.experiments.ledgers import copy_in_order
from course.labs.shared.pages import attempt, shown


def classify(make_resnet: Any, depth: int = 18, fetch: bool = False, pictures: int = 8) -> Any:
    """The student's ResNet with torchvision's ImageNet weights on a few photographs.

    Args:
        fetch: may weights and pictures be downloaded? Else only what the cache has is used.
    """
    weights = _imagenet_weights(depth, fetch)
    if weights is None:
        return None
    photographs = _photographs(pictures, fetch)
    return photographs and _classified(make_resnet, depth, weights, photographs)


def _imagenet_weights(depth: int, fetch: bool) -> Any:
    weights: Any = next(iter(get_model_weights(f"resnet{depth}")))  # the first: V1
    path = Path(hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    if not path.is_file() and not (fetch and _answers(weights.url)):
        reason = "no connection" if fetch else "fetch=True downloads them"
        print(f"ImageNet's weights of ResNet-{depth} are not on this machine ({reason})")
        return None
    state = hub.load_state_dict_from_url(weights.url, progress=False, check_hash=True)
    return state, weights.meta["categories"]


def _answers(url: str) -> bool:
    """Whether the host answers within three seconds."""
    try:
        with urlopen(Request(url, method="HEAD"), timeout=3):
            return True
    except OSError:
        return False


def _photographs(count: int, fetch: bool) -> Any:
    profile = "full" if fetch else "grade"  # which never uses the network
    size = (10, 10)
    images = data.load("imagenette", profile=profile, size=size, image_size=224, verbose=False)
    if images.name == "imagenette":
        return images.test.images[:count], [images.classes[i] for i in images.test.labels[:count]]
    print("No photographs on this machine: Imagenette would be downloaded with fetch=True")
    return None


def _classified(make_resnet: Any, depth: int, weights: Any, photographs: Any) -> Any:
    state, names = weights
    pixels, truth = photographs
    model = attempt("make_resnet", lambda: make_resnet(depth).eval())
    if model is None:
        return None
    theirs = getattr(resnet, f"resnet{depth}")()
    theirs.load_state_dict(state)  # by name: old files hold their tensors in another order
    copy_in_order(model, theirs)
    channel_mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    channel_std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    seen = (pixels / 255 - channel_mean) / channel_std

    def scores(place: torch.device) -> Tensor:
        result: Tensor = model.to(place)(seen.to(place))
        return result.cpu()

    with torch.no_grad():
        sure, best = where_it_can("make_resnet", scores).softmax(1).max(1)
    titles = [
        f"{names[i]} {100 * p:.0f} %\n({t})" for i, p, t in zip(best, sure, truth, strict=True)
    ]
    return shown(plots.image_grid(pixels, titles).figure)
