"""Changes of the reference that are no mistakes, and why."""

from __future__ import annotations

from .book import answers

DATA = "pixels and statistics are data: nobody follows a gradient back to them"
RETURNED = "return (pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)"
PIXELS = "pixels = images.to(torch.float32) / 255"
answers.equivalent(
    "normalise_images",
    f"- {PIXELS}\n- {RETURNED}\n+ with torch.no_grad():\n+     {PIXELS}\n+     {RETURNED}",
    DATA,
)
for detached in (
    "(pixels - mean.reshape(-1, 1, 1).detach()) / std.reshape(-1, 1, 1)",
    "((pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)).detach()",
    "(pixels - mean.reshape(-1, 1, 1)).detach() / std.reshape(-1, 1, 1)",
    "(pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1).detach()",
):
    answers.equivalent("normalise_images", f"- {RETURNED}\n+ return {detached}", DATA)
for viewed in (
    "(pixels - mean.view(-1, 1, 1)) / std.reshape(-1, 1, 1)",
    "(pixels - mean.reshape(-1, 1, 1)) / std.view(-1, 1, 1)",
):
    answers.equivalent(
        "normalise_images",
        f"- {RETURNED}\n+ return {viewed}",
        "one axis can be viewed with axes of length 1 around it, however it lies in memory",
    )
answers.equivalent(
    "normalise_images",
    f"- {RETURNED}\n+ return pixels.sub_(mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)",
    "the division by 255 made a new tensor, which nothing else needs",
)
answers.equivalent(
    "normalise_images",
    f"- {RETURNED}\n+ return ((pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)).float()",
    "float32 it is already",
)
answers.equivalent(
    "normalise_images",
    f"- {PIXELS}\n+ pixels = images / 255",
    "bytes divided by a number become float32 by themselves",
)

LAST = "of two axes the last one is axis 1, and `topk` takes the last one by default"
GUESSES = "- guesses = logits.topk(k, dim=1).indices  # (N, k)\n+ guesses = logits.topk"
HIT = "- hit = (guesses == labels.unsqueeze(1)).any(dim=1)  # (N,)\n+ hit = (guesses == labels"
for last in (
    "- num_classes = logits.shape[1]\n+ num_classes = logits.shape[-1]",
    f"{GUESSES}(k).indices",
    f"{GUESSES}(k, dim=-1).indices",
    f"{HIT}.unsqueeze(-1)).any(dim=1)",
    f"{HIT}.unsqueeze(1)).any(dim=-1)",
):
    answers.equivalent("topk_error", last, LAST)
answers.equivalent(
    "topk_error",
    "- return 1.0 - hit.float().mean().item()\n+ return 1.0 - hit.float().mean()",
    "a tensor without axes is a number too",
)

answers.equivalent(
    "accuracy_by_class",
    "- correct = logits.argmax(dim=1) == labels\n+ correct = logits.argmax(dim=-1) == labels",
    "of two axes the last one is axis 1",
)
RATIO = "torch.bincount(labels[correct], minlength=num_classes) / of_class"
for changed, why in (
    ("double()", "of which precision the shares are is left to the student"),
    ("float()", "float32 they are already"),
    ("squeeze()", "there are at least two classes, so there is no axis to lose"),
):
    answers.equivalent("accuracy_by_class", f"- return {RATIO}\n+ return ({RATIO}).{changed}", why)
