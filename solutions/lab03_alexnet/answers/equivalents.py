"""Changes of the reference that are no mistakes: they give the same."""

from __future__ import annotations

from .book import answers

ON_ITS_BORDER = (
    "it differs only where a drawn number equals p exactly, which one in 2^24 does: the law of "
    "dropout stays"
)
ON_THE_CPU = "labs run on the CPU, where numbers are drawn without being asked"
COMMUTES = "`scaled` multiplies its two numbers"
IN_PLACE = "it writes into the layer's own output, which nobody else needs"

for exercise, before, after in (
    ("dropout", "kept = torch.rand(x.shape, generator=generator", ""),
    ("paper_dropout", "return x * (torch.rand(x.shape, generator=generator", ")"),
):
    old = f"{before}, device=x.device) >= p{after}"
    answers.equivalent(exercise, f"- {old}\n+ {old.replace('>=', '>')}", ON_ITS_BORDER)
    answers.equivalent(exercise, f"- {old}\n+ {before}) >= p{after}", ON_THE_CPU)

for place in ("(3, -1, 1)", "(3, 1, -1)"):
    answers.equivalent(
        "pca_lighting",
        f"- return image + shift.view(3, 1, 1)\n+ return image + shift.view{place}",
        "three numbers have but one such shape",
    )

for old, new, reason in (
    (
        "c1, c2, c3, c4, c5 = (scaled(count, width) for count in (96, 256, 384, 384, 256))",
        "c1, c2, c3, c4, c5 = (scaled(width, count) for count in (96, 256, 384, 384, 256))",
        COMMUTES,
    ),
    ("hidden = scaled(4096, width)", "hidden = scaled(width, 4096)", COMMUTES),
    (
        "self.conv4 = nn.Conv2d(c3, c4, 3, padding=1, groups=2)",
        "self.conv4 = nn.Conv2d(c4, c3, 3, padding=1, groups=2)",
        "convolution 4 has as many outputs as inputs",
    ),
    (
        "x = F.local_response_norm(F.relu(conv(x)), 5, alpha=5 * 1e-4, k=2.0)",
        "x = F.local_response_norm(F.relu_(conv(x)), 5, alpha=5 * 1e-4, k=2.0)",
        IN_PLACE,
    ),
    ("x = F.relu(conv(x))", "x = F.relu_(conv(x))", IN_PLACE),
    (
        "x = F.dropout(F.relu(linear(x)), 0.5, self.training)",
        "x = F.dropout(F.relu_(linear(x)), 0.5, self.training)",
        IN_PLACE,
    ),
):
    answers.equivalent("AlexNet", f"- {old}\n+ {new}", reason)
