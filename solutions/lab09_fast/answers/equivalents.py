"""Changes of the reference that are no mistakes, and why, quoted as they are printed."""

from __future__ import annotations

from .book import answers

NEW = "what it writes into is new and nothing else needs it"
LAST = "there are two axes: the last one is axis 1"

PATCHES = "patches = F.unfold(images, size).transpose({}).flatten(1)"
CENTRED = "centred = patches - patches.mean(dim=1, keepdim=True)"
VALUES = "values, vectors = torch.linalg.eigh(centred @ centred.T / patches.shape[{}])"
FILTERS = "filters = (vectors / (values + eps).sqrt()).T.flip(0)"
SHAPED = "return filters.{}(-1, images.shape[1], size, size)"

CHANGES: dict[str, list[tuple[str, str, str]]] = {
    "triangle": [
        ("if progress < peak:", "if progress <= peak:", "both lines are at 1 there"),
    ],
    "whitening_filters": [
        (PATCHES.format("0, 1"), PATCHES.format("1, 0"), "two axes change places either way"),
        (
            CENTRED,
            "centred = patches.mean(dim=1, keepdim=True) - patches",
            "a covariance is of products of two such numbers: the signs cancel",
        ),
        (CENTRED, "centred = patches.sub_(patches.mean(dim=1, keepdim=True))", NEW),
        (CENTRED, "centred = patches - patches.mean(dim=-1, keepdim=True)", LAST),
        (VALUES.format(1), VALUES.format(-1), LAST),
        (FILTERS, "filters = vectors.div_((values + eps).sqrt()).T.flip(0)", NEW),
        (FILTERS, "filters = (vectors / (values + eps).sqrt_()).T.flip(0)", NEW),
        (FILTERS, "filters = (vectors / values.add_(eps).sqrt()).T.flip(0)", NEW),
        (SHAPED.format("reshape"), SHAPED.format("view"), "flip gives a tensor of its own"),
    ],
    "flipped_scores": [
        (
            "for layer, mode in modes:",
            "for layer, mode in reversed(list(modes)):",
            "each layer's own flag is set, in whatever order",
        ),
    ],
}
for exercise, changes in CHANGES.items():
    for before, after, reason in changes:
        answers.equivalent(exercise, f"- {before}\n+ {after}", reason)
