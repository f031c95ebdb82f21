"""Changes of the reference that stay right, and why."""

from __future__ import annotations

from inspect import cleandoc
from textwrap import dedent

from autograde.authoring import reference

from .book import answers


def equivalent(exercise: str, why: str, *changes: str) -> None:
    for change in changes:
        answers.equivalent(exercise, cleandoc(change), why)


def replaced(old: str, *news: str) -> list[str]:
    """Changes of one line."""
    return [f"- {old}\n+ {new}" for new in news]


ERF = "effective_receptive_field"
PIXELS = "pixels = images.detach().clone().requires_grad_()"
CENTRE = "centre = output[:, :, height // 2, width // 2].sum()"
STRENGTH = "strength = slopes.abs().sum(dim=(0, 1))"

equivalent(
    ERF,
    "either of the two makes a tensor of its own, and autograd.grad writes into none",
    *replaced(
        PIXELS,
        "pixels = images.detach().requires_grad_()",
        "pixels = images.clone().requires_grad_()",
    ),
)
equivalent(
    ERF,
    "the maps have four axes, so the last two are counted from either end",
    *replaced(
        "height, width = output.shape[-2:]",
        "height, width = output.shape[2:]",
        "height, width = output.shape[--2:]",
    ),
)
equivalent(
    ERF,
    "n // -2 counts from the far end, to the same place as n // 2",
    *replaced(
        CENTRE,
        "centre = output[:, :, height // -2, width // 2].sum()",
        "centre = output[:, :, height // 2, width // -2].sum()",
    ),
)
equivalent(
    ERF,
    "the shares are scaled at the end, so a constant factor is lost",
    *replaced(CENTRE, "centre = output[:, :, height // 2, width // 2].mean()"),
    *replaced(STRENGTH, "strength = slopes.abs().mean(dim=(0, 1))"),
)
equivalent(
    ERF,
    "the tensor that is written into is the function's own",
    *replaced(STRENGTH, "strength = slopes.abs_().sum(dim=(0, 1))"),
    *replaced("return strength / strength.sum()", "return strength.div_(strength.sum())"),
)


# The functions that measure have the same form but for what their hooks note.
QUIET = """
- {found}: dict[str, int] = {{}}
+ with torch.no_grad():
+     {found}: dict[str, int] = {{}}

- def noting(name: str) -> Any:
-
-     def note(module: {module}, inputs: Any, output: Tensor) -> None:
{noted}
-     return note
- handles = [module.register_forward_hook(noting(name)) for name, module in model.named_modules() if {which}]
- modes = {{module: module.training for module in model.modules()}}
- parameter = next(model.parameters())
- model.eval()
- with torch.inference_mode():
-     model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))
- for handle in handles:
-     handle.remove()
- for module, mode in modes.items():
-     module.training = mode
- return {found}
+     def noting(name: str) -> Any:
+
+         def note(module: {module}, inputs: Any, output: Tensor) -> None:
{noting}
+         return note
+     handles = [module.register_forward_hook(noting(name)) for name, module in model.named_modules() if {which}]
+     modes = {{module: module.training for module in model.modules()}}
+     parameter = next(model.parameters())
+     model.eval()
+     with torch.inference_mode():
+         model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))
+     for handle in handles:
+         handle.remove()
+     for module, mode in modes.items():
+         module.training = mode
+     return {found}
"""  # noqa: E501
QUIET_NOTES = """
- def noting(name: str) -> Any:
+ def noting(name: str) -> Any:
+     with torch.no_grad():

-     def note(module: {module}, inputs: Any, output: Tensor) -> None:
{noted}
-     return note
+         def note(module: {module}, inputs: Any, output: Tensor) -> None:
{noting}
+         return note
"""
FORMS = {
    "activation_memory": {
        "found": "memory",
        "module": "nn.Module",
        "which": "not list(module.children())",
        "notes": ["memory[name] = memory.get(name, 0) + output.numel() * output.element_size()"],
    },
    "layer_flops": {
        "found": "flops",
        "module": "Any",
        "which": "isinstance(module, nn.Conv2d | nn.Linear)",
        "notes": [
            "products = module.weight[0].numel()",
            "flops[name] = flops.get(name, 0) + 2 * products * output.numel()",
        ],
    },
}

for exercise, form in FORMS.items():
    lines = form["notes"]
    facts = {
        **form,
        "noted": "\n".join(f"-         {line}" for line in lines),
        "noting": "\n".join(f"+             {line}" for line in lines),
    }
    equivalent(
        exercise,
        "there is one pass, and it runs without gradients already; hooks count sizes alone",
        QUIET.format(**facts),
        QUIET_NOTES.format(**facts),
    )
    equivalent(
        exercise,
        "only the parameter's dtype and device are read",
        *replaced(
            "parameter = next(model.parameters())", "parameter = next(model.parameters()).detach()"
        ),
    )
    equivalent(
        exercise,
        "in which order hooks go makes no difference",
        *replaced("for handle in handles:", "for handle in reversed(list(handles)):"),
        *replaced(
            "for module, mode in modes.items():",
            "for module, mode in reversed(list(modes.items())):",
        ),
    )

equivalent(
    "layer_flops",
    "every row of a layer's weight has the same size",
    "- products = module.weight[0].numel()\n+ products = module.weight[-1].numel()",
)
equivalent(
    "layer_flops",
    "the text asks for the numbers alone; what the pass may cost is asked of activation_memory",
    """
    - with torch.inference_mode():
    -     model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))
    + model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))
    """,
    """
    - model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))
    + model(torch.empty(input_shape, dtype=parameter.dtype))
    """,
)


DENSE = "to_fully_convolutional"
SIDE = "side = round((layer.in_features / channels) ** 0.5)"
COPIED = 'conv.load_state_dict({"weight": layer.weight.view_as(conv.weight), "bias": layer.bias})'
equivalent(
    DENSE,
    "in_features is C times a square, whose root is exact",
    *replaced(
        SIDE,
        "side = int((layer.in_features / channels) ** 0.5)",
        "side = round((layer.in_features // channels) ** 0.5)",
    ),
)
equivalent(
    DENSE,
    "the text lets new layers be in single precision",
    *replaced(
        "conv = nn.Conv2d(channels, layer.out_features, side).to(layer.weight)",
        "conv = nn.Conv2d(channels, layer.out_features, side)",
    ),
)
equivalent(
    DENSE,
    "values are copied without a gradient anyway",
    f"- {COPIED}\n+ {COPIED.replace('(conv.weight)', '(conv.weight).detach()')}",
)
equivalent(
    DENSE,
    "a layer may be filled after it is in the list",
    f"- {COPIED}\n- head.append(conv)\n+ head.append(conv)\n+ {COPIED}",
)

START = "initialise_from"
LABELS = "places are only labels, the same ones in both networks, each there once"
equivalent(
    START,
    LABELS,
    *replaced(
        "stage, place = 0, 0",
        "stage, place = 1, 0",
        "stage, place = -1, 0",
        "stage, place = 0, 1",
        "stage, place = 0, -1",
    ),
    *replaced(
        "stage, place = stage + 1, 0",
        "stage, place = stage - 1, 0",
        "stage, place = stage + 2, 0",
        "stage, place = stage + -1, 0",
        "stage, place = stage + 1, 1",
        "stage, place = stage + 1, -1",
    ),
    *replaced("found[stage, place] = layer", "found[place, stage] = layer"),
    *replaced("place += 1", "place -= 1", "place += 2", "place += -1"),
)
equivalent(
    START,
    "in which order the four are copied makes no difference",
    *replaced("for key in list(old)[:4]:", "for key in reversed(list(list(old)[:4])):"),
)


def quiet(block: str) -> str:
    """The same statements under ``torch.no_grad()``."""
    old = block.strip().split("\n")
    new = ["with torch.no_grad():", *(f"    {line}" for line in old)]
    return "\n".join([*(f"- {line}" for line in old), *(f"+ {line}" for line in new)])


HEAD = (
    "head = nn.Sequential(*(nn.Linear(channels * 7 * 7, hidden), {first}), "
    "*(nn.Linear(hidden, hidden), {second}), nn.Linear(hidden, num_classes))"
)
USUAL = {"first": "nn.ReLU(), nn.Dropout(0.5)", "second": "nn.ReLU(), nn.Dropout(0.5)"}
LRN = "maps.append(nn.LocalResponseNorm(5, alpha=5 * 0.0001, beta=0.75, k=2.0))"
OUT = "out_channels = max(1, round(width * wanted))"
HIDDEN = "hidden = max(1, round(width * 4096))"
CONV = "maps += [nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), nn.ReLU()]"
BUILDER = f"""
maps: list[nn.Module] = []
channels = 3
for entry in config:
    if entry == 'M':
        maps.append(nn.MaxPool2d(2))
    elif entry == 'LRN':
        {LRN}
    else:
        wanted, kernel = entry if isinstance(entry, tuple) else (entry, 3)
        {OUT}
        {CONV}
        channels = out_channels
{HIDDEN}
{HEAD.format(**USUAL)}
named = OrderedDict(features=nn.Sequential(*maps), flatten=nn.Flatten(), classifier=head)
return nn.Sequential(named)
"""


def heads(**parts: str) -> list[str]:
    return [
        f"- {HEAD.format(**USUAL)}\n+ {HEAD.format(**{**USUAL, place: layers})}"
        for place, layers in parts.items()
    ]


equivalent("make_vgg", "parameters want gradients wherever they are made", quiet(BUILDER))
equivalent(
    "make_vgg",
    "0.75 is PyTorch's own β",
    *replaced(LRN, "maps.append(nn.LocalResponseNorm(5, alpha=5 * 0.0001, k=2.0))"),
)
equivalent(
    "make_vgg",
    "ReLU and dropout may change places: both keep 0, and twice a number has its sign",
    *heads(first="nn.Dropout(0.5), nn.ReLU()", second="nn.Dropout(0.5), nn.ReLU()"),
)
equivalent(
    "make_vgg",
    "on flat vectors Dropout2d drops single units too (and PyTorch warns)",
    *heads(first="nn.ReLU(), nn.Dropout2d(0.5)", second="nn.ReLU(), nn.Dropout2d(0.5)"),
)
equivalent(
    "make_vgg",
    "fresh layers are in single precision already",
    *replaced("return nn.Sequential(named)", "return nn.Sequential(named).float()"),
)


def unwrapped() -> str:
    """The table without the ``with`` around it."""
    cell = dict(reference.cells(answers.lab))["VGG_CONFIGS"].rstrip().split("\n")
    start = next(number for number, line in enumerate(cell) if line.startswith("with suppress"))
    old = [line for line in cell[start:] if line.strip()]
    new = dedent("\n".join(old[1:])).split("\n")
    return "\n".join([*(f"- {line}" for line in old), *(f"+ {line}" for line in new)])


equivalent(
    "VGG_CONFIGS",
    "the empty table and the `with` are for who has not written it yet",
    "- VGG_CONFIGS: dict[str, list[Entry]] = {}\n+ pass",
    unwrapped(),
)

BN = "batch_norm"
SPREAD = "spread = (x - center.view(shape)).square().mean(dim=(0, 2, 3))"

equivalent(
    BN,
    "the four axes are counted from either end",
    *replaced("center = x.mean(dim=(0, 2, 3))", "center = x.mean(dim=(0, -2, 3))"),
    *replaced(SPREAD, SPREAD.replace("(0, 2, 3)", "(0, -2, 3)")),
)
equivalent(
    BN,
    "what comes back is detached at the end",
    *replaced(
        "unbiased = spread * count / (count - 1)",
        "unbiased = (spread * count / (count - 1)).detach()",
        "unbiased = (spread * count).detach() / (count - 1)",
    ),
    *replaced(
        "mean = (1 - momentum) * mean + momentum * center",
        "mean = ((1 - momentum) * mean + momentum * center).detach()",
        "mean = ((1 - momentum) * mean).detach() + momentum * center",
        "mean = (1 - momentum) * mean + (momentum * center).detach()",
    ),
    *replaced(
        "var = (1 - momentum) * var + momentum * unbiased",
        "var = ((1 - momentum) * var + momentum * unbiased).detach()",
        "var = ((1 - momentum) * var).detach() + momentum * unbiased",
        "var = (1 - momentum) * var + (momentum * unbiased).detach()",
    ),
)
equivalent(
    BN,
    "the difference is a tensor of its own, and squared either way round; the sum of differences "
    "from the mean is 0, so no gradient comes through this mean",
    *replaced(
        SPREAD,
        SPREAD.replace("square", "square_"),
        SPREAD.replace("x - center.view(shape)", "center.view(shape) - x"),
        SPREAD.replace("center.view(shape)", "center.view(shape).detach()"),
    ),
)
equivalent(
    BN,
    "the sum below the root is a tensor of its own",
    *replaced(
        "normalised = (x - center.view(shape)) / (spread.view(shape) + eps).sqrt()",
        "normalised = (x - center.view(shape)) / (spread.view(shape) + eps).sqrt_()",
    ),
)
equivalent(
    BN,
    "a quotient of whole numbers without a rest",
    *replaced("count = x.numel() / x.shape[1]", "count = x.numel() // x.shape[1]"),
)
