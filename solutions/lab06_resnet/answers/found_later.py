"""Wrong answers that once had full points, and right ones beside them."""

from __future__ import annotations

from .book import answers

JOINED = "- return F.relu(self.branch(x) + self.shortcut(x))"
WEAKEST = "- return gains[-1], outputs[:, -1]"

for block in ("BasicBlock", "Bottleneck"):
    answers.wrong(
        block,
        "the shortcut runs twice",
        answers.changed(
            block,
            f"{JOINED}\n+ y = self.branch(x)\n+ if self.shortcut(x).shape == y.shape:\n"
            "+     y = y + self.shortcut(x)\n+ return F.relu(y)",
        ),
    )
    answers.wrong(
        block,
        "the branch runs twice",
        answers.changed(
            block,
            f"{JOINED}\n+ around = self.shortcut(x).expand_as(self.branch(x))\n"
            "+ return F.relu(self.branch(x) + around)",
        ),
    )
    answers.right(
        block,
        "the shortcut first, and kept",
        answers.changed(
            block,
            f"{JOINED}\n+ around = self.shortcut(x)\n+ y = self.branch(x)\n"
            "+ assert around.shape == y.shape\n+ return (around + y).clamp(min=0)",
        ),
    )
answers.wrong(
    "weakest_gradient",
    "a gain of shape (1,)",
    answers.changed("weakest_gradient", f"{WEAKEST}\n+ return gains[-1:], outputs[:, -1]"),
)
answers.right(
    "weakest_gradient",
    "the least of the gains",
    answers.changed("weakest_gradient", f"{WEAKEST}\n+ return gains.min(), -outputs.mT[-1]"),
)
answers.right(
    "weakest_gradient",
    "the length of what arrives",
    answers.changed(
        "weakest_gradient",
        f"{WEAKEST}\n+ g = outputs[:, gains.argmin()]\n+ return (g @ jacobian).norm(), g",
    ),
)
