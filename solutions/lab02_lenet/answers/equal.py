"""Changes of the reference that are no mistakes: what becomes of them is the same."""

from __future__ import annotations

from .book import equivalent

OWN = "the tensor that is written into is the answer's own, made a moment ago"
LAST = "the last axis, or entry, is the one that is named by its number elsewhere"

equivalent("squash", OWN, ("torch.tanh(2", "torch.tanh_(2"))
equivalent("conv_parameters", "True counts as 1", ("bool(bias)", "bias"))
equivalent("conv2d", OWN, ("result + bias[:, None]", "result.add_(bias[:, None])"))
equivalent("conv2d", LAST, ("(width, kernel[1]", "(width, kernel[-1]"))
equivalent("conv2d", "a product lies in memory in order", ("result.reshape(", "result.view("))
equivalent(
    "rbf_penalties",
    "a square has no sign",
    ("x[:, None, :] - codes[None, :, :]", "codes[None, :, :] - x[:, None, :]"),
)
equivalent(
    "rbf_penalties",
    "broadcasting adds the axes that are left out",
    ("x[:, None, :]", "x[:, None]"),
    ("codes[None, :, :]", "codes[:, :]"),
    ("codes[None, :, :]", "codes[None, :]"),
)
equivalent("rbf_penalties", OWN, ("differences.square()", "differences.square_()"))
equivalent(
    "map_loss",
    LAST,
    ("gather(1,", "gather(-1,"),
    (".squeeze(1)", ".squeeze(-1)"),
    ("rubbish], dim=1)", "rubbish], dim=-1)"),
    ("logsumexp(dim=1)", "logsumexp(dim=-1)"),
)
equivalent(
    "map_loss", "a mean over the batch has no axis of length 1", (".mean()", ".mean().squeeze()")
)
equivalent(
    "map_loss",
    OWN,
    (
        "(own + torch.cat([-penalties, rubbish], dim=1).logsumexp(dim=1))",
        "own.add_(torch.cat([-penalties, rubbish], dim=1).logsumexp(dim=1))",
    ),
)
equivalent("map_loss", "a sum has no order", ("[-penalties, rubbish]", "[rubbish, -penalties]"))

STARTS = "the text leaves the starting values to the student"
equivalent(
    "Subsampling",
    STARTS,
    ("0.25))", "0.275))"),
    ("0.25))", "0.5))"),
    ("0.25))", "0.0))"),
    ("0.25))", "-0.25))"),
    ("torch.zeros(channels)", "torch.ones(channels)"),
)
SINGLE = "what comes is float32 already"
equivalent("Subsampling", SINGLE, ("squash(scaled)", "squash(scaled).float()"))
equivalent(
    "c3_connections",
    "the order within a group is free, and -3 is 3 on a circle of six",
    ("(0, 1, 3, 4)", "(1, 0, 3, 4)"),
    ("(0, 1, 3, 4)", "(0, 3, 1, 4)"),
    ("(0, 1, 3, 4)", "(0, 1, 4, 3)"),
    ("(0, 1, 3, 4)", "(0, 1, -3, 4)"),
)
equivalent(
    "c3_connections", "a range names the same maps", ("*pairs, list(range(6))", "*pairs, range(6)")
)
equivalent("C3Convolution", STARTS, ("torch.zeros(16)", "torch.ones(16)"))
equivalent(
    "C3Convolution",
    "of the weight only its dtype is asked",
    ("empty = self.weight.new", "empty = self.weight.detach().new"),
)
equivalent("C3Convolution", SINGLE, ("kernels, self.bias)", "kernels, self.bias).float()"))
equivalent(
    "C3Convolution",
    STARTS,
    ("nn.Conv2d(len(group), 1, 5)", "nn.Conv2d(len(group), 2, 5)"),
    (".weight[0]", ".weight[-1]"),
)
equivalent(
    "C3Convolution",
    "a parameter begins a graph of its own",
    ("torch.cat(starts)", "torch.cat(starts).detach()"),
)
equivalent(
    "LeNet5",
    "the codes are fixed, and nobody writes into them",
    ("codes.clone()", "codes"),
    ("codes.clone()", "codes.clone().detach()"),
    ("self.f6(x)), self.codes)", "self.f6(x)), self.codes.detach())"),
)
equivalent("LeNet5", SINGLE, ("self.f6(x)), self.codes)", "self.f6(x)), self.codes).float()"))
equivalent(
    "lenet5_table",
    "the kernel's size is squared",
    ("conv_parameters(1, 6, 5)", "conv_parameters(1, 6, -5)"),
    ("conv_parameters(16, 120, 5)", "conv_parameters(16, 120, -5)"),
)
for _size in ("(N, 6, 14, 14)", "(N, 16, 5, 5)"):
    equivalent(
        "LeNet",
        "ReLU rises, so the largest of four may be taken before or after",
        f"- nn.ReLU(),\n- nn.MaxPool2d(2),  # {_size}\n+ nn.MaxPool2d(2),\n+ nn.ReLU(),",
    )
BATCHES = "torch.randperm(len(images)).split(batch_size)"
equivalent(
    "train_epoch",
    "in a random order, the small batch may come first",
    (BATCHES, f"reversed(list({BATCHES}))"),
)
equivalent(
    "train_epoch",
    "an order of whole numbers has no gradient",
    ("torch.randperm(len(images))", "torch.randperm(len(images)).detach()"),
)
CHOICE = (
    "rate, epochs and batch size are the student's choice, as long as the network is good enough"
)
equivalent(
    "train_lenet",
    CHOICE,
    ("lr=2e-3", "lr=0.0022"),
    ("lr=2e-3", "lr=0.004"),
    (", lr=2e-3", ""),
    ("range(6)", "range(7)"),
    ("range(6)", "range(5)"),
    ("range(6)", "range(12)"),
    ("range(6)", "reversed(list(range(6)))"),
    (", batch_size=25", ""),
    ("batch_size=25", "batch_size=26"),
    ("batch_size=25", "batch_size=24"),
    ("batch_size=25", "batch_size=50"),
)
equivalent("train_lenet", SINGLE, ("return model", "return model.float()"))
