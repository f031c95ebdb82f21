"""A real lab as students have it: nothing but what was published, far from the course."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograde.authoring import build
from autograde.authoring.source import parse
from autograde.handing_in.normalise import normalise
from autograde.publishing.address import Address
from autograde.publishing.contents import Publication, publication
from autograde.publishing.folder import apply, plan
from autograde.publishing.secrets import Secrets
from autograde.tree import Tree

LAB = "lab00_setup"
RIGHT = ("normalise_images", "topk_error")
RIGHT_CELL = "topk_error_answer"
ADDRESS = Address("https://github.com/uni/cnn-labs", "spring")

BINARY = (".npz", ".gz", ".jpg")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(course: Tree) -> Publication:
    return publication(course, [LAB], ADDRESS)


@pytest.fixture(scope="module")
def there(made: Publication, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("student") / "cnn-labs"
    apply(folder, made, plan(folder, made))
    return folder


@pytest.fixture(scope="module")
def secrets(course: Tree) -> Secrets:
    return Secrets.of(course)


def notebook(there: Path) -> NotebookNode:
    return nbformat.read(there / "labs" / LAB / f"{LAB}.ipynb", as_version=4)


def answered(book: NotebookNode, course: Tree) -> NotebookNode:
    """With right answers to two exercises."""
    source = parse(LAB, course.source(LAB).read_text())
    right = {cell.metadata.get("exercise"): cell.source for cell in source.cells}
    for cell in book.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "").removesuffix("_answer")
        if cell.metadata.get("nbgrader", {}).get("solution") and name in RIGHT:
            cell.source = right[name]
    return book


def outside() -> dict[str, str]:
    """An environment in which the course is nowhere but where the test puts it."""
    hidden = ("PYTHONPATH", "COURSE_ROOT", "COURSE_PROFILE")
    return {key: value for key, value in os.environ.items() if key not in hidden}


def run(*words: object, cwd: Path, **more: str) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**outside(), **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_in_no_lab_is_a_placeholder_or_a_secret(course: Tree, secrets: Secrets) -> None:
    files = publication(course, course.lab_names(), ADDRESS).files
    assert [find for path, data in files.items() for find in secrets.found(path, data)] == []
    placeholder = build.links(course).repository.removeprefix("https://github.com/")
    texts = {path: data.decode() for path, data in files.items() if not path.endswith(BINARY)}
    assert [path for path, text in texts.items() if placeholder in text] == []
    for lab in course.lab_names():
        notebook = f"labs/{lab}/{lab}.ipynb"
        badge = f"https://colab.research.google.com/github/uni/cnn-labs/blob/spring/{notebook}"
        assert badge in texts["README.md"], lab
        assert badge in texts[notebook], lab
        assert f"@ {ADDRESS.package}" in texts[notebook], lab
    assert f'Repository = "{ADDRESS.repository}"' in texts["pyproject.toml"]
    assert "`network.safetensors`" in texts["README.md"]


def test_the_lab_runs_and_its_checks_give_points_with_nothing_but_the_folder(
    there: Path, made: Publication, course: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = answered(notebook(there), course)
    book.cells = [
        cell
        for cell in book.cells
        if "explore" not in cell.metadata.get("tags", []) or "preflight.run" in cell.source
    ]
    where = "import course\n(course.__version__, course.__file__)"
    book.cells.append(nbformat.v4.new_code_cell(where))
    for name in set(os.environ) - set(outside()):
        monkeypatch.delenv(name)
    resources = {"metadata": {"path": str(there / "labs" / LAB)}}
    quiet = {"extra_arguments": build.QUIET_KERNEL, "record_timing": False}
    NotebookClient(book, timeout=120, allow_errors=True, resources=resources, **quiet).execute()
    code = [cell for cell in book.cells if cell.cell_type == "code" and "nbgrader" in cell.metadata]
    told = {cell.metadata.nbgrader.grade_id: cell.outputs for cell in code}
    panels = {name: told[name][-1].data["text/plain"] for name in (*RIGHT, "accuracy_by_class")}
    assert all("3 of 3 points" in panels[name] for name in RIGHT), panels
    assert "not attempted yet" in panels["accuracy_by_class"]
    assert book.cells[1].metadata.tags == ["bootstrap"]
    assert book.cells[1].outputs == []
    (ready,) = [c.outputs[0] for c in book.cells if "preflight.run" in c.source]
    assert ready.data["text/plain"].startswith("ready: ")
    used = ast.literal_eval(book.cells[-1].outputs[0].data["text/plain"])
    assert used == (made.version, str(there / "course/__init__.py"))


ELSEWHERE = """
import sys
from IPython.core.interactiveshell import InteractiveShell

sys.meta_path = [one for one in sys.meta_path if "editable" not in str(one).lower()]
shell, asked = InteractiveShell.instance(), []
shell.register_magic_function(asked.append, "line", "pip")
done = shell.run_cell(sys.stdin.read(), silent=True)
print(repr(done.error_in_exec).split("(")[0], asked, "torch" in sys.modules)
"""


def test_the_first_cell_fetches_the_library_alone_and_says_what_failed(
    there: Path, tmp_path: Path
) -> None:
    code = notebook(there).cells[1].source
    found = subprocess.run(
        [sys.executable, "-P", "-c", ELSEWHERE],
        input=code,
        cwd=tmp_path,
        env={**outside(), "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    asked = f'install -q --no-deps "convnet-course @ {ADDRESS.package}"'
    last = found.stdout.strip().split("\n")[-1]
    assert last == f"ModuleNotFoundError {[asked]} False"
    assert "Is this machine online?" in found.stdout


def test_a_published_notebook_is_handed_in_without_a_remark(there: Path, course: Tree) -> None:
    handed_in = answered(notebook(there), course)
    release = nbformat.read(course.student(LAB), as_version=4)
    assert normalise(nbformat.writes(handed_in).encode(), release).flags == ()


def wheel(project: Path, into: Path) -> Path:
    """The project's wheel, built without a network."""
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", into)
    run(sys.executable, "-m", "pip", "wheel", *options, project, cwd=into)
    (found,) = into.glob("*.whl")
    return found


def sdist(project: Path, into: Path) -> Path:
    """The project's source distribution."""
    build_one = f"from setuptools import build_meta; build_meta.build_sdist({str(into)!r})"
    run(sys.executable, "-c", build_one, cwd=project)
    (found,) = into.glob("*.tar.gz")
    return found


def installed(package: Path, into: Path) -> str:
    """Install it alone into a folder; the import path that has it, and what it depends on."""
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", into)
    run(sys.executable, "-m", "pip", "install", *options, package, cwd=into.parent)
    return os.pathsep.join([str(into), sysconfig.get_path("purelib")])


CHECKED = """
from course import data
from course.labs.lab00_setup import check
ANSWER
print(data.load(verbose=False))
print(f"{check('topk_error', points=3).earned:g} points")
"""


def test_the_published_tree_makes_a_wheel_and_an_sdist_that_work(
    there: Path, made: Publication, course: Tree, secrets: Secrets, tmp_path: Path
) -> None:
    project = shutil.copytree(there, tmp_path / "project")  # building leaves its traces
    ours, sources = wheel(project, tmp_path), sdist(project, tmp_path)
    for archive in (ours, sources):
        assert f"-{made.version}" in archive.name
        assert [*secrets.found(archive.name, archive.read_bytes())] == []
    (tmp_path / "again").mkdir()
    assert content(wheel(sources, tmp_path / "again")) == content(ours)
    assert {name.partition("/")[0] for name in content(ours)} == {
        "course",
        f"convnet_course-{made.version}.dist-info",
    }
    answer = next(c.source for c in answered(notebook(there), course).cells if c.id == RIGHT_CELL)
    code = CHECKED.replace("ANSWER", f"from torch import Tensor\n{answer}")
    path = installed(ours, tmp_path / "installed")
    told = run(sys.executable, "-P", "-c", code, cwd=tmp_path, PYTHONPATH=path)
    assert "10,000 training" in told
    assert told.endswith("\n3 points\n"), told


def content(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return sorted(opened.namelist())


def test_the_whole_makes_a_wheel_that_publishes_another_course(
    course: Tree, made: Publication, secrets: Secrets, tmp_path: Path
) -> None:
    source, elsewhere = tmp_path / "source", tmp_path / "elsewhere"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(course.root / name, source)
    for name in ("autograde", "course"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(course.root / name, source / name, ignore=left_out)
    whole = wheel(source, tmp_path)
    path = installed(whole, tmp_path / "whole")
    assert {one.name for one in (tmp_path / "whole").iterdir()} - {"bin", "share"} == {
        "autograde",
        "course",
        "convnet_course-0.1.0.dist-info",
    }
    shutil.copytree(course.solutions / LAB, elsewhere / "solutions" / LAB)
    shutil.copytree(course.solutions / "notebooks" / LAB, elsewhere / "solutions/notebooks" / LAB)
    shutil.copytree(course.labs / LAB, elsewhere / "labs" / LAB)
    shutil.move(source / "course", elsewhere)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.move(source / name, elsewhere)
    command = [sys.executable, "-P", "-m", "autograde", "--course", elsewhere]
    options = ["students", LAB, "--url", ADDRESS.repository, "--branch", "spring"]
    told = run(*command, "publish", *options, cwd=tmp_path, PYTHONPATH=path)
    assert f"version {made.version}" in told
    stored = json.loads((tmp_path / "students/.published.json").read_text())
    assert set(stored["files"]) == set(made.files)
