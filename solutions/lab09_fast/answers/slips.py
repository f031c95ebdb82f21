"""Slips: the reference with a line or two replaced."""

from __future__ import annotations

from .book import answers

GUARD = "- if not 0 < peak < 1:"
RISE = "- return start + (1 - start) * progress / peak"
FALL = "- return 1 - (1 - final) * (progress - peak) / (1 - peak)"
PATCHES = "- patches = F.unfold(images, size).transpose(0, 1).flatten(1)"
CENTRED = "- centred = patches - patches.mean(dim=1, keepdim=True)"
VALUES = "- values, vectors = torch.linalg.eigh(centred @ centred.T / patches.shape[1])"
FILTERS = "- filters = (vectors / (values + eps).sqrt()).T.flip(0)"
SHAPED = "- return filters.reshape(-1, images.shape[1], size, size)"
MODES = "- modes = [(layer, layer.training) for layer in model.modules()]"
BOTH = "- scores = (model(images) + model(images.flip(-1))) / 2"
BACK = "- layer.training = mode"
SLIPS: dict[str, dict[str, str]] = {
    "triangle": {
        "a peak at 0 is let through": f"{GUARD}\n+ if not 0 <= peak < 1:",
        "a peak at 1 is let through": f"{GUARD}\n+ if not 0 < peak <= 1:",
        "negative peaks are let through": f"{GUARD}\n+ if peak == 0 or peak >= 1:",
        "an IndexError": '- raise ValueError(f"expected a peak between 0 and 1, found {peak}")\n'
        '+ raise IndexError(f"expected a peak between 0 and 1, found {peak}")',
        "one more at the start": f"{RISE}\n+ return start + progress / peak",
        "a share of start": f"{RISE}\n+ return start * progress / peak",
        "squared": f"{RISE}\n+ return start + (1 - start) * (progress / peak) ** 2",
        "down from 0": f"{FALL}\n+ return 1 - (1 - final) * progress",
        "too flat": f"{FALL}\n+ return 1 - (1 - final) * (progress - peak)",
        "to zero": f"{FALL}\n+ return 1 - (progress - peak) / (1 - peak)",
        "steps": f"{FALL}\n+ return 1 - (1 - final) * round((progress - peak) / (1 - peak), 1)",
    },
    "whitening_filters": {
        "not centred": f"{CENTRED}\n+ centred = patches",
        "one mean for all": f"{CENTRED}\n+ centred = patches - patches.mean()",
        "means of patches": f"{CENTRED}\n+ centred = patches - patches.mean(dim=0, keepdim=True)",
        "axes mixed": f"{PATCHES}\n"
        "+ patches = F.unfold(images, size).reshape(images.shape[1] * size**2, -1)",
        "side by side": f"{PATCHES}\n"
        "+ patches = F.unfold(images, size, stride=size).transpose(0, 1).flatten(1)",
        "padded": f"{PATCHES}\n"
        "+ patches = F.unfold(images, size, padding=1).transpose(0, 1).flatten(1)",
        "divided by images": f"{VALUES}\n"
        "+ values, vectors = torch.linalg.eigh(centred @ centred.T / len(images))",
        "one patch less": f"{VALUES}\n"
        "+ values, vectors = torch.linalg.eigh(centred @ centred.T / (patches.shape[1] - 1))",
        "not divided": f"{VALUES}\n+ values, vectors = torch.linalg.eigh(centred @ centred.T)",
        "of the correlation": f"{VALUES}\n"
        "+ values, vectors = torch.linalg.eigh(torch.corrcoef(patches))",
        "not transposed": f"{FILTERS}\n+ filters = (vectors / (values + eps).sqrt()).flip(0)",
        "scaled along the other axis": f"{FILTERS}\n"
        "+ filters = (vectors / (values + eps).sqrt()[:, None]).T.flip(0)",
        "smallest first": f"{FILTERS}\n+ filters = (vectors / (values + eps).sqrt()).T",
        "numbers from the end": f"{FILTERS}\n"
        "+ filters = (vectors / (values + eps).sqrt()).T.flip((0, 1))",
        "no eps": f"{FILTERS}\n+ filters = (vectors / values.clamp(min=1e-9).sqrt()).T.flip(0)",
        "eps outside the root": f"{FILTERS}\n"
        "+ filters = (vectors / (values.clamp(min=0).sqrt() + eps)).T.flip(0)",
        "no root": f"{FILTERS}\n+ filters = (vectors / (values + eps)).T.flip(0)",
        "another eps": f"{FILTERS}\n+ filters = (vectors / (values + 5e-4).sqrt()).T.flip(0)",
        "turned back": f"{FILTERS}\n+ filters = (vectors / (values + eps).sqrt()) @ vectors.T",
        "on their side": f"{SHAPED}\n"
        "+ return filters.reshape(-1, images.shape[1], size, size).transpose(2, 3)",
        "flat": f"{SHAPED}\n+ return filters",
        "in single precision": f"{SHAPED}\n"
        "+ return filters.reshape(-1, images.shape[1], size, size).float()",
    },
    "flipped_scores": {
        "in training mode": "- model.eval()\n+ model.train()",
        "in the mode given": "- model.eval()\n+ pass",
        "upside down": f"{BOTH}\n+ scores = (model(images) + model(images.flip(-2))) / 2",
        "the channels": f"{BOTH}\n+ scores = (model(images) + model(images.flip(1))) / 2",
        "the batch": f"{BOTH}\n+ scores = (model(images) + model(images.flip(0))) / 2",
        "the sum": f"{BOTH}\n+ scores = model(images) + model(images.flip(-1))",
        "the image twice": f"{BOTH}\n+ scores = (model(images) + model(images)) / 2",
        "precedence": f"{BOTH}\n+ scores = model(images) + model(images.flip(-1)) / 2",
        "rolled": f"{BOTH}\n+ scores = (model(images) + model(images.roll(1, -1))) / 2",
        "probabilities": f"{BOTH}\n"
        "+ scores = (model(images).softmax(1) + model(images.flip(-1)).softmax(1)) / 2",
        "with a graph": "- with torch.no_grad():\n+ with torch.enable_grad():",
        "the modes stay": f"{BACK}\n+ pass",
        "all in training mode": f"{BACK}\n+ layer.training = True",
        "all as the whole was": f"{MODES}\n"
        "+ modes = [(layer, model.training) for layer in model.modules()]",
        "children alone": f"{MODES}\n"
        "+ modes = [(layer, layer.training) for layer in model.children()]",
        "train spreads": "- for layer, mode in modes:\n+ for layer, mode in reversed(modes):\n\n"
        f"{BACK}\n+ layer.train(mode)",
    },
}
for exercise, changes in SLIPS.items():
    for says, change in changes.items():
        answers.wrong(exercise, says, answers.changed(exercise, change))
