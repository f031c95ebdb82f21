"""Both kinds of dropout with one slip each: masks, edges, dtypes, what is not theirs."""

from __future__ import annotations

from .book import answers

DRAW = "kept = torch.rand(x.shape, generator=generator, device=x.device) >= p"
HEAD = "def dropout(x: Tensor, p: float, training: bool"
SHARED = {  # the draw of `kept`, in both kinds
    "one mask for a batch": """
        + mask = torch.rand(x.shape[1:], generator=generator) >= p
        + kept = mask.expand(x.shape)""",
    "one decision for each first index": """
        + shape = (len(x), *[1] * (x.ndim - 1)) if x.ndim else ()
        + kept = (torch.rand(shape, generator=generator) >= p).expand(x.shape)""",
    "whole channels of maps": """
        + shape = x.shape[:2] + (1,) * (x.ndim - 2)
        + kept = torch.rand(shape, generator=generator) >= p""",
    "one decision for neighbouring columns": """
        + kept = torch.rand(x.shape, generator=generator) >= p
        + if x.ndim:
        +     kept[..., 1::2] = kept[..., : x.shape[-1] // 2 * 2 : 2]""",
    "exactly p·N zeros": """
        + order = torch.randperm(x.numel(), generator=generator)
        + kept = (order >= round(p * x.numel())).view(x.shape)""",
    "exactly p·N zeros in each row": """
        + order = torch.rand(x.shape, generator=generator).argsort(-1) if x.ndim else order
        + kept = order >= round(p * (x.shape[-1] if x.ndim else 1))""",
    "a row is its neighbour's mirror": """
        + kept = torch.rand(x.shape, generator=generator) >= p
        + kept = kept if x.ndim < 2 else torch.cat([kept[: len(x) - len(x) // 2],
        +     kept[: len(x) // 2].flip(0)])""",
    "drawn twice, so that more is dropped": """
        + kept = torch.rand(x.shape, generator=generator) >= p
        + kept = kept & (torch.rand(x.shape, generator=generator) >= p / 10)""",
    "p is rounded to tenths": """
        + kept = torch.rand(x.shape, generator=generator) >= round(p, 1)""",
    "p is 0.5 whatever comes in, but for its ends": """
        + kept = torch.rand(x.shape, generator=generator) >= (0.5 if 0 < p < 1 else p)""",
    "a normal for a uniform": """
        + kept = torch.randn(x.shape, generator=generator) >= p""",
    "the generator starts again": """
        + if generator is not None:
        +     generator.manual_seed(generator.initial_seed())
        + kept = torch.rand(x.shape, generator=generator) >= p""",
    "torch's own state starts again": """
        + if generator is not None:
        +     torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        + kept = torch.rand(x.shape) >= p""",
    "a fixed mask without a generator": """
        + source = generator or torch.Generator().manual_seed(0)
        + kept = torch.rand(x.shape, generator=source) >= p""",
    "numpy's randomness without a generator": """
        + import numpy as np
        + drawn = torch.rand(x.shape, generator=generator)
        + if generator is None:
        +     drawn = torch.from_numpy(np.random.random(x.shape)).float()
        + kept = drawn >= p""",
    "a mask of two axes": """
        + kept = torch.rand(x.shape[0], x.shape[1], generator=generator) >= p""",
    "a mask that needs order in memory": """
        + kept = (torch.rand(x.numel(), generator=generator) >= p).view(x.shape)
        + x = x.view(-1).view(x.shape)""",
    "zeros in a list of rows": """
        + kept = torch.stack([torch.rand(len(row), generator=generator) >= p for row in x])""",
    "the mask stays for the next call of this shape": """
        + masks = torch.__dict__.setdefault("_masks", {})
        + drawn = torch.rand(x.shape, generator=generator) >= p
        + kept = masks.setdefault((tuple(x.shape), p), drawn)""",
}

INVERTED = {
    "scaled by what was really kept": """
        - return x * kept * factor
        + return x * kept / kept.double().mean().clamp(min=1e-9).to(x.dtype)""",
    "scaled by a little less": """
        - return x * kept * factor
        + return x * kept * factor * 0.99""",
    "written into x": """
        - return x * kept * factor
        + x *= kept * factor
        + return x""",
    "x is filled with zeros": """
        - return x * kept * factor
        + return x.masked_fill_(~kept, 0.0) * factor""",
    "the mask is float64": """
        - return x * kept * factor
        + return x * kept.double() * factor""",
    "always float32": """
        - return x * kept * factor
        + return (x * kept * factor).float()""",
    "detached": """
        - return x * kept * factor
        + return (x * kept * factor).detach()""",
    "the factor passes no gradient": """
        - return x * kept * factor
        + y = x * kept
        + return y + (y * (factor - 1)).detach()""",
    "p = 1 drops outside training too": """
        - if not training:
        -     return x
        + if p == 1:
        +     return torch.zeros_like(x)
        + if not training:
        +     return x""",
    "training is looked at the wrong way round": """
        - if not training:
        + if training:""",
    "p = 1 lets everything through": """
        - if not training:
        + if not training or p == 1:""",
    "p = 0 drops everything": """
        - factor = 1 / (1 - p) if p < 1 else 0.0
        + factor = 1 / (1 - p) if 0 < p < 1 else 0.0""",
    "p = 1 is an error": """
        - if not training:
        -     return x
        + if not training:
        +     return x
        + if not 0 <= p < 1:
        +     raise ValueError("p must be smaller than 1")""",
    "like AlphaDropout": """
        - return x * kept * factor
        + return F.alpha_dropout(x, p, True) if 0 < p < 1 else x * kept * factor""",
    "whole channels, as F.dropout1d": """
        - return x * kept * factor
        + return F.dropout1d(x, p, True) if 0 < p < 1 and x.ndim > 1 else x * kept * factor""",
    "no default for the generator": f"""
        - {HEAD}, generator: Generator | None = None) -> Tensor:
        + {HEAD}, generator: Generator) -> Tensor:""",
    "nothing for one element": """
        - if not training:
        + if not training or x.numel() == 1:""",
    "rest turns to float64": """
        - if not training:
        -     return x
        + if not training:
        +     return x.double()""",
    "rest cuts the gradient": """
        - if not training:
        -     return x
        + if not training:
        +     return x.detach()""",
    "0 · ∞ in the gradient at p = 1": """
        - factor = 1 / (1 - p) if p < 1 else 0.0
        - return x * kept * factor
        + scaled = x / torch.tensor(1.0 - p, dtype=x.dtype)
        + return torch.where(kept, scaled, torch.zeros_like(x))""",
    "an axis is lost": """
        - return x * kept * factor
        + return (x * kept * factor).squeeze()""",
}

PAPER_DRAW = "return x * (torch.rand(x.shape, generator=generator, device=x.device) >= p)"
PAPER = {
    "scaled in training too": f"""
        - {PAPER_DRAW}
        + return x * (torch.rand(x.shape, generator=generator) >= p) * (1 - p)""",
    "written into x": f"""
        - {PAPER_DRAW}
        + x *= torch.rand(x.shape, generator=generator) >= p
        + return x""",
    "written into x at rest": """
        - return x * (1 - p)
        + x *= 1 - p
        + return x""",
    "the mask is float64": f"""
        - {PAPER_DRAW}
        + return x * (torch.rand(x.shape, generator=generator) >= p).double()""",
    "half at rest, whatever p": """
        - return x * (1 - p)
        + return x * 0.5""",
    "detached at rest": """
        - return x * (1 - p)
        + return x.detach() * (1 - p)""",
    "detached in training": f"""
        - {PAPER_DRAW}
        + return x.detach() * (torch.rand(x.shape, generator=generator) >= p)""",
    "rest rounds to float16": """
        - return x * (1 - p)
        + return (x.half() * (1 - p)).to(x.dtype)""",
    "rest turns to float64": """
        - return x * (1 - p)
        + return x.double() * (1 - p)""",
    "rest subtracts": """
        - return x * (1 - p)
        + return x - p""",
    "training looked at the wrong way round": """
        - if training:
        + if not training:""",
    "p = 1 is left as it is at rest": """
        - return x * (1 - p)
        + return x * (1 - p) if p < 1 else x""",
    "a sample at rest as well": """
        - return x * (1 - p)
        + return x * (torch.rand(x.shape, generator=generator) >= p) * (1 - p)""",
}

for says, lines in SHARED.items():
    change = f"- {DRAW}\n{lines.strip(chr(10))}"
    answers.wrong("dropout", says, answers.changed("dropout", change))
    change = f"- {PAPER_DRAW}\n{lines.strip(chr(10))}\n+ return x * kept"
    answers.wrong("paper_dropout", says, answers.changed("paper_dropout", change))

for says, change in INVERTED.items():
    answers.wrong("dropout", says, answers.changed("dropout", change))
for says, change in PAPER.items():
    answers.wrong("paper_dropout", says, answers.changed("paper_dropout", change))
