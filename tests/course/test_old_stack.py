"""The notebook stack of Colab, as last known: IPython 7.34, ipykernel 6.17, no cell ids.

Its packages lie in a folder of their own under ``build``, installed once with pip, and go before
those of the environment in one kernel's path. torch and numpy are the environment's, as there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from autograde.authoring import samples
from autograde.tree import find
from course.progress import saved

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
OLD = [  # what Colab has, then what these need and newer ones do not
    "ipython==7.34.0",
    "ipykernel==6.17.1",
    "jupyter_client==7.4.9",
    "traitlets==5.7.1",
    "pickleshare==0.7.5",
    "backcall==0.2.0",
    "decorator==5.1.1",
    "entrypoints==0.4",
    "nest-asyncio==1.6.0",
]
VERSIONS = "import IPython, ipykernel; print(IPython.__version__, ipykernel.__version__)"
WORN = re.compile(r"training\.fit|train_kinds|trained\[|errors_by_k|accuracy_by_class\(x|top5")
PREDICTED = 'course.predict("top5", "?", answer=1.5, unit="%")'


@pytest.fixture(scope="module")
def stack() -> Path:
    """The folder with the old packages; skipped with pip's reason where they can't be had."""
    name = hashlib.sha256(" ".join([sys.version, *OLD]).encode()).hexdigest()[:12]
    folder = COURSE.root / "build" / f"old-stack-{name}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--target", f"{fresh}/packages", *OLD]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"pip could not install the old stack: {done.stderr.strip()[-300:]}")
        with contextlib.suppress(OSError):  # a test beside this one was faster
            os.rename(f"{fresh}/packages", folder)
    return folder


@pytest.fixture(scope="module")
def ran(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Lab 0 with right answers, as an old notebook, run in an old kernel without its trainings."""
    work = tmp_path_factory.mktemp("old")
    spec = work / "jupyter" / "kernels" / "old"
    spec.mkdir(parents=True)
    kernel = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": [*kernel, "-f", "{connection_file}"], "display_name": "old"})
    )
    book = answered(work)
    place = work / f"{LAB}.ipynb"
    place.write_text(json.dumps(book))
    book["cells"] = [{**book["cells"][0], "source": VERSIONS, **CODE}, *book["cells"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(work / "jupyter"))
        patch.setenv("PYTHONPATH", f"{stack}:{COURSE.root}")
        patch.setenv("COURSE_PROFILE", "quick")
        patch.setenv("IPYTHONDIR", str(work / "ipython"))
        for name in ("JPY_SESSION_NAME", "MPLBACKEND", "VSCODE_PID", "VSCODE_CWD"):
            patch.delenv(name, raising=False)
        node = nbformat.from_dict(book)
        client = NotebookClient(
            node, kernel_name="old", timeout=120, resources={"metadata": {"path": str(work)}}
        )
        client.execute()
    return node


CODE = {"cell_type": "code", "outputs": [], "execution_count": None}


def answered(work: Path) -> dict[str, Any]:
    """The lab's notebook with the reference's answers: nbformat 4.4, without cell ids."""
    (reference,) = [one for one in samples.load(COURSE.samples(LAB)) if one.name == "reference"]
    samples.hand_in([reference], COURSE, LAB, work / "in")
    (path,) = (work / "in").rglob("*.ipynb")
    book: dict[str, Any] = json.loads(path.read_text())
    cells = []
    for cell in saved.cells(book):
        cell = {key: value for key, value in cell.items() if key != "id"}
        text = saved.source(cell)
        if cell["cell_type"] == "code" and "course.predict(" in text:
            cell["source"] = PREDICTED
        elif cell["cell_type"] == "code" and not saved.marks_of(cell) and WORN.search(text):
            continue
        cells.append(cell)
    return {**book, "cells": cells, "nbformat_minor": 4}


def shown(ran: Any, text: str) -> str:
    """Everything that the last cell with this text shows, as text."""
    cell = [one for one in ran.cells if one.cell_type == "code" and text in one.source][-1]
    return "\n".join(
        str(one.get("text", "")) + str(one.get("data", {}).get("text/plain", ""))
        for one in cell.outputs
    )


def test_versions_and_notebook_are_the_old_ones(ran: Any) -> None:
    assert shown(ran, VERSIONS).strip() == "7.34.0 6.17.1"
    assert ran.nbformat_minor == 4
    assert not [cell for cell in ran.cells if "id" in cell]


def test_preflight_finds_the_machine_and_the_notebook_ready(ran: Any) -> None:
    told = shown(ran, "preflight.run()")
    assert told.startswith("ready: 8 of 8 lines passed"), told
    assert "graded cells, each with its mark" in told


def test_checks_pass_as_panels_with_text_beside(ran: Any) -> None:
    found = saved.results(ran)
    assert {name: one.outcome for name, one in found.items()} == dict.fromkeys(
        ("normalise_images", "topk_error", "accuracy_by_class"), "passed"
    )
    told = shown(ran, 'check("topk_error"')
    assert "3 of 3 points" in told
    data = next(
        one.data
        for cell in ran.cells
        if cell.cell_type == "code" and 'check("topk_error"' in cell.source
        for one in cell.outputs
    )
    assert "✓ passed" in data["text/html"]


def test_predictions_figures_and_the_overview_show_too(ran: Any) -> None:
    assert "You say: 1.5 %" in shown(ran, PREDICTED)
    assert saved.predictions(ran) == {"top5"}
    assert shown(ran, "ilsvrc_history").startswith("Figure.")
    told = shown(ran, "course.overview(")
    assert "8 of 8 points by checks so far" in told
    assert "1 of 1 predictions made" in told


def test_handing_in_says_to_save_and_a_saved_one_is_packed(ran: Any, tmp_path: Path) -> None:
    from course import handin

    assert "it is not saved since you ran" in shown(ran, "course.hand_in(")
    book = json.loads(nbformat.writes(ran))
    path = tmp_path / f"{LAB}.ipynb"
    path.write_text(json.dumps({**book, "cells": book["cells"][1:]}))
    report = handin.from_file(path, LAB)
    assert report.archive is not None, str(report)
    assert "8 of 8 points by visible checks" in str(report)
