"""The preflight: every line holds here, and a broken set-up gets a line that says what to do."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import types
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

from course import preflight

ROOT = Path(__file__).parents[2]


def line(name: str, report: preflight.PreflightReport) -> preflight.Line:
    return next(one for one in report.lines if one.name == name)


def cell(grade_id: str) -> dict[str, Any]:
    return {"metadata": {"nbgrader": {"grade": True, "grade_id": grade_id}}}


@pytest.fixture
def package_versions(monkeypatch: pytest.MonkeyPatch):
    """Pretend that a package has another version; None: it is not installed."""
    real = metadata.version

    def become(changes: dict[str, str | None]) -> None:
        def version(name: str) -> str:
            found = changes.get(name, "unchanged")
            if found is None:
                raise metadata.PackageNotFoundError(name)
            return real(name) if found == "unchanged" else found

        monkeypatch.setattr(metadata, "version", version)

    return become


def test_a_working_set_up_passes_every_line(tmp_path: Path) -> None:
    report = preflight.run(tmp_path, {"cells": [cell("topk_error")]})
    assert [one.status for one in report.lines] == ["ok"] * 8, str(report)
    assert report.ready
    assert report.headline == "ready: 8 of 8 lines passed"
    assert not list(tmp_path.iterdir())


def test_a_missing_package_says_what_to_install(package_versions) -> None:
    package_versions({"tqdm": None})
    found = line("packages", preflight.run())
    assert found.status == "fail"
    assert "tqdm missing" in found.found
    assert '%pip install "tqdm>=4.66"' in found.advice


def test_an_old_package_says_what_to_install(package_versions) -> None:
    package_versions({"torch": "2.3.1+cpu", "numpy": "1.26.0"})
    found = line("packages", preflight.run())
    assert found.status == "fail"
    assert '"torch>=2.4"' in found.advice
    assert "numpy>=" not in found.advice


def test_a_torchvision_for_another_torch_is_named(
    package_versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_versions({"torch": "2.9.0+cu126"})
    monkeypatch.setattr(metadata, "requires", lambda name: ["numpy", "torch==2.10.0"])
    found = line("packages", preflight.run())
    assert found.status == "fail"
    assert "built for torch 2.10.0" in found.advice
    package_versions({"torch": "2.10.0+cu126"})
    assert line("packages", preflight.run()).status == "ok"


def test_the_lower_bounds_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = dict(wish.split(">=") for wish in project["dependencies"])
    assert bounds == preflight.PACKAGES


@pytest.mark.parametrize(
    ("version", "status"), [((3, 10, 9), "fail"), ((3, 11, 0), "ok"), ((3, 99, 0), "warn")]
)
def test_python_is_neither_too_old_nor_untried(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], status: str
) -> None:
    monkeypatch.setattr(preflight, "sys", types.SimpleNamespace(version_info=version, modules={}))
    found = line("Python", preflight.run())
    assert found.status == status
    assert bool(found.advice) == (status != "ok")


def test_a_folder_that_cannot_be_written_says_where_to_go(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    report = preflight.run(tmp_path / "file")
    found = line("writing", report)
    assert found.status == "fail"
    assert "folder of your own" in found.advice
    assert not report.ready
    assert report.headline.startswith("not ready yet: 1 of 8")


def test_a_nearly_full_disk_is_a_remark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = types.SimpleNamespace(free=10 * 2**20)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda place: usage)
    report = preflight.run(tmp_path)
    assert line("writing", report).status == "warn"
    assert report.ready
    assert "1 with a remark" in report.headline


@pytest.mark.parametrize(
    ("module", "name", "advice"),
    [("matplotlib.figure", "plotting", "%pip install -U matplotlib"), ("torch", "device", "")],
)
def test_a_module_that_fails_to_import_costs_its_own_line(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str, advice: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    report = preflight.run()
    assert line(name, report).status == "fail"
    assert advice in line(name, report).advice
    assert line("writing", report).status == "ok"


def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DEVICE", "cuda:77")
    found = line("device", preflight.run())
    assert found.status == "fail"
    assert "cuda:77" in found.found
    assert "COURSE_DEVICE" in found.advice


def test_damaged_data_say_to_install_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from course.data import fashion_mnist

    (tmp_path / "fashion_mnist.npz").write_bytes(b"<html>no such page</html>")
    monkeypatch.setattr(fashion_mnist, "BUNDLED", tmp_path / "fashion_mnist.npz")
    found = line("data", preflight.run())
    assert found.status == "fail"
    assert "Install the course again" in found.advice


def test_gradients_switched_off_say_to_restart() -> None:
    with torch.no_grad():  # as after a stray torch.set_grad_enabled(False)
        found = line("backward pass", preflight.run())
    assert found.status == "fail"
    assert found.advice == "Restart the kernel."


def test_gradients_that_are_wrong_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "norm", lambda gradient: torch.tensor(float("nan")))
    found = line("backward pass", preflight.run())
    assert found.status == "fail"
    assert "nan" in found.found
    assert found.advice


@pytest.mark.parametrize(
    ("cells", "status", "said"),
    [
        ([cell("a"), cell("b"), {"metadata": {}}], "ok", "2 graded cells"),
        ([cell("a"), cell("b"), cell("a")], "fail", "there twice: a"),
        ([{"metadata": {}}], "fail", "no cell carries a grading mark"),
        (["not a cell"], "fail", "Error"),
    ],
)
def test_the_notebook_line_counts_the_marks(cells: list[Any], status: str, said: str) -> None:
    found = line("notebook", preflight.run(notebook={"cells": cells}))
    assert found.status == status
    assert said in found.found
    assert bool(found.advice) == (status != "ok")


def test_on_colab_the_page_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    book = {"cells": [cell("topk_error")]}
    asked = []

    def blocking_request(name: str, request: str, timeout_sec: int) -> dict[str, Any]:
        asked.append((name, timeout_sec))
        return {"ipynb": book}

    message = types.SimpleNamespace(blocking_request=blocking_request)
    colab = types.ModuleType("google.colab")
    monkeypatch.setattr(colab, "_message", message, raising=False)
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    assert preflight.running_notebook() == book
    assert asked == [("get_ipynb", preflight.COLAB_SECONDS)]


def test_jupyter_tells_the_name_of_the_notebook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "lab00_setup.ipynb"
    path.write_text('{"cells": []}')
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    assert preflight.running_notebook() == {"cells": []}
    path.write_text("half a notebo")
    assert preflight.running_notebook() is None


def test_the_table_escapes_what_it_shows() -> None:
    found = preflight.Line("data", "fail", "<script>alert(1)</script>", "use <b> & go")
    html = preflight.PreflightReport((found,))._repr_html_()
    assert "<script>" not in html
    assert "use &lt;b&gt; &amp; go" in html


def test_the_text_shows_sign_finding_and_advice() -> None:
    report = preflight.PreflightReport(
        (preflight.Line("data", "ok", "there"), preflight.Line("device", "warn", "slow", "wait"))
    )
    assert str(report).split("\n") == [
        "ready: 2 of 2 lines passed, 1 with a remark",
        "✓ data    there",
        "! device  slow",
        "          → wait",
    ]
    assert repr(report) == str(report)


def test_importing_it_imports_nothing_that_may_be_broken() -> None:
    code = (
        "import sys, course.preflight; print({'torch', 'numpy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
