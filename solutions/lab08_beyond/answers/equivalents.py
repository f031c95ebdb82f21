"""Changes of the reference that are no mistakes, and why, quoted as they are printed."""

from __future__ import annotations

from .book import answers

SAME_NUMBERS = "detach gives a tensor of its own, and nothing writes to the numbers they share"
A_COPY = "the gradient at a copy is the same, whether or not the copy hangs on the original"
NEW = "what it writes into is new and nothing else needs it"
NO_GRADIENT = "nobody asks for a gradient of what comes out"

MIXED = "last = expand.transpose({}).flatten(1, 2)"
INPUTS = "inputs = images.{}requires_grad_()"
CHOSEN = "chosen = model(inputs).gather({}, classes[:, None])"
LARGEST = "return slopes.{}().amax(dim=1)"
MOVED = "return (images + epsilon * slopes.sign()){}"
BOUNDS = "low, high = ((images - epsilon){}, (images + epsilon){})"
LOW, HIGH = ".clamp(min=0)", ".clamp(max=1)"
STEP = "found = (found.detach() - step * slopes.sign()){}"

CHANGES: dict[str, list[tuple[str, str, str]]] = {
    "merge_paths": [
        (MIXED.format("0, 1"), MIXED.format("1, 0"), "the two axes change places either way")
    ],
    "saliency": [
        (CHOSEN.format(1), CHOSEN.format(-1), "scores have two axes: the last one is axis 1"),
        (LARGEST.format("abs"), LARGEST.format("abs_"), NEW),
    ],
    "fast_gradient_sign": [
        (MOVED.format(".clamp(0, 1)"), MOVED.format(".clamp_(0, 1)"), NEW),
        (MOVED.format(".clamp(0, 1)"), MOVED.format(".clamp(0, 1).detach()"), NO_GRADIENT),
        (MOVED.format(".clamp(0, 1)"), MOVED.format(".detach().clamp(0, 1)"), NO_GRADIENT),
    ],
    "fooling_images": [
        *(
            (BOUNDS.format(LOW, HIGH), BOUNDS.format(low, high), reason)
            for low, high, reason in (
                (".clamp_(min=0)", HIGH, NEW),
                (LOW, ".clamp_(max=1)", NEW),
                (f"{LOW}.detach()", HIGH, NO_GRADIENT),
                (f".detach(){LOW}", HIGH, NO_GRADIENT),
                (LOW, f"{HIGH}.detach()", NO_GRADIENT),
                (LOW, f".detach(){HIGH}", NO_GRADIENT),
            )
        ),
        ("found = images.detach().clone()", "found = images.detach()", SAME_NUMBERS),
        ("found = images.detach().clone()", "found = images.clone()", A_COPY),
        (
            "for _ in range(steps):",
            "for _ in reversed(list(range(steps))):",
            "the steps have no numbers",
        ),
        (
            "found.requires_grad_()",
            "found.requires_grad_().detach()",
            "what detach gives back is dropped; found itself is changed in place",
        ),
        (STEP.format(".clamp(low, high)"), STEP.format(".clamp_(low, high)"), NEW),
        (STEP.format(".clamp(low, high)"), STEP.format(".clamp(low, high).detach()"), NO_GRADIENT),
        ("return found", "return found.detach()", NO_GRADIENT),
    ],
}
for exercise in ("saliency", "fast_gradient_sign"):
    given = INPUTS.format("detach().clone().")
    CHANGES[exercise].append((given, INPUTS.format("detach()."), SAME_NUMBERS))
    CHANGES[exercise].append((given, INPUTS.format("clone()."), A_COPY))
for exercise, changes in CHANGES.items():
    for before, after, reason in changes:
        answers.equivalent(exercise, f"- {before}\n+ {after}", reason)
