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

POOLED = "the largest number of a window is the same before ReLU and after it"
FIRST = "*(nn.Conv2d(3, few, 7, stride=2, padding=3)"
LAST = "*(nn.Conv2d(few, many, 3, padding=1)"
CLASSIFIER = 'nn.Linear(given["5b"], num_classes)'
BLOCK = "x = kept[name] = block(self.pool(x) if name in"
HEADS = "if self.training and self.aux1 is not None and self.aux2 is not None:"
for line, changed, reason in (
    (f"{FIRST}, nn.ReLU(), self.pool),", f"{FIRST}, self.pool, nn.ReLU()),", POOLED),
    (f"{LAST}, nn.ReLU(), self.pool),", f"{LAST}, self.pool, nn.ReLU()),", POOLED),
    (
        'self.blocks, given = nn.ModuleDict(), {"": many}',
        'self.blocks, given = nn.ModuleDict(), {"x": many}',
        "no block has that name, so nobody looks it up",
    ),
    (
        f"self.dropout, self.classifier = nn.Dropout(0.4), {CLASSIFIER}",
        f"self.dropout, self.classifier = nn.Dropout2d(0.4), {CLASSIFIER}",
        "where a channel is one number, dropping channels is dropping numbers",
    ),
    (f'{BLOCK} ("4a", "5a") else x)', f'{BLOCK} ("5a", "4a") else x)', "the same two names"),
    (
        "main = self.classifier(self.dropout(x.mean(dim=(2, 3))))",
        "main = self.classifier(self.dropout(x.mean(dim=(-2, 3))))",
        "of four axes the last but one is axis 2",
    ),
    (HEADS, "if self.training and self.aux2 is not None:", "there are two heads or none"),
    (HEADS, "if self.training and self.aux1 is not None:", "there are two heads or none"),
):
    answers.equivalent("GoogLeNet", f"- {line}\n+ {changed}", reason)
