"""Changes of the reference that are no mistakes, although they look like some."""

from __future__ import annotations

from .book import answers

LOSS = "- return F.cross_entropy(main, labels) + 0.3 * early"
MAPS = "- return conv1x1_as_linear(maps, weight[:, :, None, None], bias)"

answers.equivalent(
    "auxiliary_loss",
    f"{LOSS}\n+ return (F.cross_entropy(main, labels) + 0.3 * early).squeeze()",
    "the loss has no axis that squeeze could take away",
)
for shaped in ("[:, None, None]", "[:, :, None]", "[:, None, :, None]"):
    answers.equivalent(
        "class_maps",
        f"{MAPS}\n+ return conv1x1_as_linear(maps, weight{shaped}, bias)",
        "conv1x1_as_linear flattens all axes of the weight but the first",
    )

IN_PLACE = "F.relu_ writes into what a layer has just given, which nobody else reads"
for line, changed in (
    (
        "threes = self.threes(F.relu(self.reduce_threes(x)))",
        "threes = self.threes(F.relu_(self.reduce_threes(x)))",
    ),
    (
        "fives = self.fives(F.relu(self.reduce_fives(x)))",
        "fives = self.fives(F.relu_(self.reduce_fives(x)))",
    ),
    (
        "return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))",
        "return F.relu_(torch.cat([self.ones(x), threes, fives, pooled], dim=1))",
    ),
):
    answers.equivalent("InceptionBlock", f"- {line}\n+ {changed}", IN_PLACE)

CONVOLUTION = "*(nn.Conv2d(in_channels, filters, 1), nn.ReLU(), nn.Flatten()),"
HIDDEN = "*(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),"
for line, changed, reason in (
    (
        CONVOLUTION,
        "*(nn.Conv2d(in_channels, filters, 1), nn.Flatten(), nn.ReLU()),",
        "ReLU looks at each number by itself, in whatever shape they are",
    ),
    (
        HIDDEN,
        "*(nn.Linear(4 * 4 * filters, units), nn.Dropout(0.7), nn.ReLU()),",
        "a number that is dropped or multiplied by 1 / 0.3 keeps its sign",
    ),
    (
        HIDDEN,
        "*(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout2d(0.7)),",
        "where a channel is one number, dropping channels is dropping numbers",
    ),
):
    answers.equivalent("AuxiliaryHead", f"- {line}\n+ {changed}", reason)
