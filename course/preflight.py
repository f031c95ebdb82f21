"""Is this machine ready for the labs? One line for each thing that they need.

>>> from course import preflight
>>> report = preflight.run()
>>> [line.name for line in report.lines]
['Python', 'packages', 'device', 'data', 'backward pass', 'plotting', 'writing', 'notebook']

Nothing but the standard library is needed at the top: where torch or matplotlib is broken,
this is the page that says so.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from course import markup

Status = Literal["ok", "warn", "fail"]

SIGNS: dict[Status, str] = {"ok": "✓", "warn": "!", "fail": "✗"}
WORDS: dict[Status, str] = {"ok": "fine", "warn": "remark", "fail": "to do"}
TONES: dict[Status, str] = {"ok": markup.GREEN, "warn": markup.ORANGE, "fail": markup.RED}

PYTHON = ((3, 11), (3, 13))  # oldest that works, newest that was tried
PACKAGES = {  # lower bounds, as in pyproject.toml
    "torch": "2.4",
    "torchvision": "0.19",
    "numpy": "1.26",
    "matplotlib": "3.8",
    "safetensors": "0.4.3",
    "tqdm": "4.66",
}
FREE_BYTES = 200 * 2**20  # a lab's own files stay far below this
COLAB_SECONDS = 5


@dataclass(frozen=True)
class Line:
    """What one look found.

    Attributes:
        name: what was looked at.
        status: ``ok``; ``warn``, the labs work but something may surprise; ``fail``.
        found: what is there.
        advice: what to do about it; empty where all is well.
    """

    name: str
    status: Status
    found: str
    advice: str = ""


@dataclass(frozen=True, repr=False)
class PreflightReport:
    """All lines. Shows as a table in a notebook, and as text anywhere else."""

    lines: tuple[Line, ...]

    @property
    def ready(self) -> bool:
        """No line failed."""
        return all(line.status != "fail" for line in self.lines)

    @property
    def headline(self) -> str:
        """One line: ready or not, and how many lines need a look."""
        counts = Counter(line.status for line in self.lines)
        if not self.ready:
            return f"not ready yet: {counts['fail']} of {len(self.lines)} lines need your hand"
        notes = f", {counts['warn']} with a remark" if counts["warn"] else ""
        return f"ready: {len(self.lines)} of {len(self.lines)} lines passed{notes}"

    def __str__(self) -> str:
        width = max(len(line.name) for line in self.lines)
        rows = [self.headline]
        for line in self.lines:
            rows.append(f"{SIGNS[line.status]} {line.name:{width}}  {line.found}")
            rows += [f"  {'':{width}}  → {line.advice}"] if line.advice else []
        return "\n".join(rows)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        tone = TONES["ok" if self.ready else "fail"]
        table = markup.table([_html_row(line) for line in self.lines], wide=(2,))
        return markup.panel(f"<b>{escape(self.headline)}</b>", table, tone)


@dataclass(eq=False)
class Problem(Exception):
    """A look that did not find what it should; ``status`` says how bad that is."""

    found: str
    advice: str
    status: Status = "fail"


def run(
    folder: str | Path | None = None, notebook: Mapping[str, Any] | None = None
) -> PreflightReport:
    """Look at everything that a lab needs. Never raises, and leaves nothing behind.

    Args:
        folder: where the labs will write; the current folder by default.
        notebook: the notebook in nbformat's JSON form; by default the one that is running.
    """
    place = Path(folder) if folder is not None else None
    looks: list[tuple[str, Callable[[], str], str]] = [
        ("Python", _python, ""),
        ("packages", _packages, ""),
        ("device", _device, "Unset COURSE_DEVICE, restart the kernel, and look again."),
        ("data", _data, "Install the course again: its data file is missing or damaged."),
        ("backward pass", _backward, "Install torch again, for this machine: see pytorch.org."),
        ("plotting", _plotting, "Run `%pip install -U matplotlib`, then restart the kernel."),
        ("writing", lambda: _writing(place), "Open the notebook from a folder of your own."),
        ("notebook", lambda: _notebook(notebook), "Download the lab's notebook again."),
    ]
    return PreflightReport(tuple(_line(*look) for look in looks))


def _line(name: str, look: Callable[[], str], advice: str) -> Line:
    """Look, and turn whatever happens into a line."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            return Line(name, "ok", look())
    except Problem as problem:
        return Line(name, problem.status, problem.found, problem.advice)
    except Exception as error:
        return Line(name, "fail", f"{type(error).__name__}: {error}", advice)


def _python() -> str:
    found = tuple(sys.version_info[:2])
    version = ".".join(map(str, sys.version_info[:3]))
    oldest, newest = (".".join(map(str, bound)) for bound in PYTHON)
    if found < PYTHON[0]:
        raise Problem(version, f"The labs need Python {oldest} or newer: make a new environment.")
    if found > PYTHON[1]:
        raise Problem(version, f"Newer than tried ({newest}); tell us what breaks.", "warn")
    return version


def _packages() -> str:
    versions = {name: _version(name) for name in PACKAGES}
    wanting = [name for name, found in versions.items() if _older(found, PACKAGES[name])]
    found = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    if wanting:
        wishes = " ".join(f'"{name}>={PACKAGES[name]}"' for name in wanting)
        raise Problem(found, f"Run `%pip install {wishes}` in a cell, then restart the kernel.")
    built_for = _torch_of_torchvision()
    if built_for and built_for != _release(versions["torch"]):
        raise Problem(
            found,
            f"This torchvision was built for torch {built_for}. Install the two together, or "
            "start a fresh environment (on Colab: Runtime → Disconnect and delete runtime).",
        )
    return found


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _older(found: str, bound: str) -> bool:
    return not found or _numbers(found) < _numbers(bound)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", _release(version))[:2])


def _release(version: str) -> str:
    return version.split("+")[0]


def _torch_of_torchvision() -> str:
    # torchvision's wheels name the one torch that they work with; importing it would take seconds.
    for wish in metadata.requires("torchvision") or []:
        if match := re.match(r"torch\s*\(?==\s*([\d.]+)", wish):
            return match[1]
    return ""


def _device() -> str:
    import torch

    from course import device

    chosen = device.pick_device()
    torch.ones(2, device=chosen).sum().item()  # a GPU may be listed and yet refuse work
    enough = "; the labs are made so that this is enough" if chosen.type == "cpu" else ""
    return device.describe(chosen) + enough


def _data() -> str:
    from course.data import fashion_mnist

    train, test = fashion_mnist.bundled().splits.counts
    return f"Fashion-MNIST, {train:,} training and {test:,} test images, offline"


def _backward() -> str:
    import torch
    from torch import nn

    from course import device

    if not torch.is_grad_enabled():
        raise Problem("gradients are switched off in this kernel", "Restart the kernel.")
    with device.seeded(0):
        images = torch.randn(2, 1, 8, 8)
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    chosen = device.pick_device()
    logits = model.to(chosen)(images.to(chosen))
    nn.functional.cross_entropy(logits, torch.tensor([0, 1], device=chosen)).backward()
    norms = [weight.grad.norm().item() for weight in model.parameters() if weight.grad is not None]
    if len(norms) != 4 or not all(0 < norm < 1e6 for norm in norms):
        raise Problem(f"gradient norms {norms}", "Install torch again: see pytorch.org.")
    return "a small network computes its gradients"


def _plotting() -> str:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure, picture = Figure(figsize=(1, 1)), io.BytesIO()
    FigureCanvasAgg(figure)
    figure.subplots().plot([0, 1], [1, 0])
    figure.savefig(picture, format="png")
    return f"matplotlib draws: a picture of {len(picture.getvalue()):,} bytes"


def _writing(folder: Path | None) -> str:
    place = folder if folder is not None else Path.cwd()
    with tempfile.NamedTemporaryFile(dir=place, prefix=".preflight-") as file:
        file.write(b"course")
        file.flush()
    free = shutil.disk_usage(place).free
    room = f"the notebook's folder is writable, {free / 2**30:,.1f} GiB free"
    if free < FREE_BYTES:
        raise Problem(room, "Delete something first: the disk is nearly full.", "warn")
    return room


def _notebook(notebook: Mapping[str, Any] | None) -> str:
    book = notebook if notebook is not None else running_notebook()
    if book is None and not _in_kernel():
        return "none is running; nothing to look at"
    if book is None:
        raise Problem(
            "the kernel can't see its file from here",
            "Nothing to do. Save before you hand in, and hand in the .ipynb itself.",
            "warn",
        )
    counts = Counter(_graded(book))
    if not counts:
        raise Problem(
            "no cell carries a grading mark",
            "Download the lab's notebook again and copy your answers into it, cell by cell.",
        )
    if copies := [name for name, count in counts.items() if count > 1]:
        raise Problem(
            f"there twice: {', '.join(copies)}",
            "A graded cell was copied. Delete the copy: without it nobody knows which counts.",
        )
    return f"{len(counts)} graded cells, each with its mark"


def _graded(book: Mapping[str, Any]) -> Iterator[str]:
    for cell in book.get("cells", []):
        marks = cell.get("metadata", {}).get("nbgrader", {})
        if marks.get("grade") or marks.get("solution"):
            yield str(marks.get("grade_id"))


def running_notebook(ask_page: bool = True) -> dict[str, Any] | None:
    """The notebook that this kernel runs, as JSON, or None where it can't be seen.

    On Colab the page is asked, for the notebook is no file there; Jupyter and VS Code tell
    their kernels the file's name.

    Args:
        ask_page: whether the page may be asked, which can take seconds.
    """
    if "google.colab" in sys.modules:
        return _from_colab() if ask_page else None
    path = running_file()
    return json.loads(path.read_text(encoding="utf-8")) if path else None


def running_file() -> Path | None:
    """The file of the notebook that this kernel runs, if it can be seen and read."""
    for path in _candidates():
        with contextlib.suppress(OSError, ValueError):
            if isinstance(json.loads(path.read_text(encoding="utf-8")), dict):
                return path
    return None


def _from_colab() -> dict[str, Any] | None:
    from google.colab import _message

    answer = _message.blocking_request("get_ipynb", request="", timeout_sec=COLAB_SECONDS)
    return answer.get("ipynb") if answer else None


def _candidates() -> Iterator[Path]:
    shell = _shell()
    names = [os.environ.get("JPY_SESSION_NAME"), _from_vscode(shell)]
    yield from (Path(name) for name in names if name and name.endswith(".ipynb"))
    labs = sorted(Path().glob("lab*.ipynb"))  # older servers name no file
    if shell is not None and len(labs) == 1:
        yield labs[0]


def _from_vscode(shell: Any) -> str | None:
    name = getattr(shell, "user_ns", {}).get("__vsc_ipynb_file__")
    return name if isinstance(name, str) else None


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _in_kernel() -> bool:
    return hasattr(_shell(), "kernel")


def _html_row(line: Line) -> tuple[str, str, str]:
    advice = f"<div><b>→</b> {markup.marked(line.advice)}</div>" if line.advice else ""
    badge = markup.badge(f"{SIGNS[line.status]} {WORDS[line.status]}", TONES[line.status])
    return badge, escape(line.name), f"{markup.marked(line.found)}{advice}"
