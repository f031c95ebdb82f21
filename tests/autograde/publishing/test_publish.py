"""`autograde publish`, to folders and repositories of this machine, as an instructor types it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograde.authoring import build
from autograde.publishing import git
from autograde.publishing.contents import CLASSROOM
from autograde.publishing.secrets import Secrets
from autograde.tree import Tree
from tests.autograde.cli.test_cli import autograde
from tests.conftest import MINI, MINI_SOURCE

OTHER = "lab91_other"
URL = "https://github.com/uni/labs"
HERE = ("--url", URL)
SOLUTION = "    secret_factor_of_two = 2\n"


@pytest.fixture
def teaching(mini: Tree, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A course with two tiny labs, built."""
    shutil.copytree(mini.source(MINI).parent, mini.source(OTHER).parent)
    (mini.root / "course/labs/lab91_other").mkdir(parents=True)
    (mini.root / "course/labs/lab91_other/__init__.py").write_text("")
    (mini.root / "course/labs/__init__.py").write_text("")
    (mini.root / "course/__init__.py").write_text('"""The library."""\n\n__version__ = "2.3"\n')
    (mini.root / "LICENSE").write_text("free\n")
    (mini.solutions / "seed.txt").write_text("cold potatoes\n")
    for lab in (MINI, OTHER):
        one = build.expected(mini, lab)
        build.write(mini, one, one.solution)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A Teacher")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "teacher@example.org")
    return mini


@pytest.fixture
def remote(teaching: Tree, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an empty repository."""
    folder = tmp_path_factory.mktemp("remote") / "labs.git"
    git.run(folder.parent, "init", "--quiet", "--bare", "--initial-branch", "main", str(folder))
    return f"file://{folder}"


@pytest.fixture
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a folder for students will be."""
    return tmp_path_factory.mktemp("there") / "labs"


def publish(tree: Tree, *words: object) -> str:
    """Publish, without a complaint; what is printed."""
    done = autograde(tree, "publish", *map(str, words))
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def refused(tree: Tree, *words: object) -> str:
    """Publish, in vain; what is said."""
    done = autograde(tree, "publish", *map(str, words))
    assert done.returncode in (1, 2), done.stdout
    return done.stderr


def cloned(remote: str, folder: Path) -> Path:
    git.run(folder.parent, "clone", "--quiet", remote, str(folder))
    return folder


def files(folder: Path) -> list[str]:
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(str(path) for path in found if path.parts[0] != ".git")


def test_students_get_these_files_and_no_others(teaching: Tree, there: Path) -> None:
    (teaching.root / "course/notes.txt").write_text("not for students")
    told = publish(teaching, there, MINI, *HERE)
    assert files(there) == [
        ".gitignore",
        ".published.json",
        "LICENSE",
        "Makefile",
        "README.md",
        "course/__init__.py",
        "course/labs/__init__.py",
        f"course/labs/{MINI}/cells.json",
        f"labs/{MINI}/{MINI}.ipynb",
        "pyproject.toml",
    ]
    assert "9 written; no secret found" in told
    version = json.loads((there / ".published.json").read_text())["version"]
    assert version.startswith("0.1.0+h")
    assert f'__version__ = "{version}"' in (there / "course/__init__.py").read_text()
    assert f'version = "{version}"' in (there / "pyproject.toml").read_text()
    assert version in (there / "README.md").read_text()


def test_first_cell_badge_and_profile_are_as_published_and_nothing_else_changes(
    teaching: Tree, there: Path
) -> None:
    publish(teaching, there, MINI, *HERE, "--branch", "spring", "--profile", "quick")
    ours = nbformat.read(teaching.student(MINI), 4)
    theirs = nbformat.read(there / "labs" / MINI / f"{MINI}.ipynb", 4)
    assert [cell.id for cell in theirs.cells] == [cell.id for cell in ours.cells]
    assert (theirs.cells[3:], theirs.metadata) == (ours.cells[3:], ours.metadata)
    assert f"github/uni/labs/blob/spring/labs/{MINI}/{MINI}.ipynb)" in theirs.cells[0].source
    assert f"{URL}/archive/refs/heads/spring.zip" in theirs.cells[1].source
    assert theirs.cells[2].source.startswith('PROFILE = "quick"  #')
    assert "nothing new" in publish(teaching, there)  # as before
    publish(teaching, there, "--profile", "auto")
    theirs = nbformat.read(there / "labs" / MINI / f"{MINI}.ipynb", 4)
    assert theirs.cells[2] == ours.cells[2]


def test_a_zip_holds_the_same_and_needs_no_address(teaching: Tree, there: Path) -> None:
    archive = there.parent / "labs.zip"
    told = publish(teaching, there, MINI, "--url", "none", "--zip", archive)
    assert f"The zip for an LMS: {archive}" in told
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        page = opened.read("convnet-course/README.md").decode()
        first = opened.read(f"convnet-course/labs/{MINI}/{MINI}.ipynb").decode()
    there_too = [f"convnet-course/{name}" for name in files(there) if name != ".published.json"]
    assert names == there_too
    assert "colab" not in page.lower() + first.lower()
    assert "Unpack the zip." in page
    assert "pip install" not in first
    before = archive.read_bytes()
    publish(teaching, there, MINI, "--url", "none", "--zip", archive)
    assert archive.read_bytes() == before


def test_a_lab_more_leaves_the_others_there(teaching: Tree, there: Path) -> None:
    publish(teaching, there, MINI, *HERE)
    assert OTHER not in " ".join(files(there))
    publish(teaching, there, OTHER)
    assert {one.name for one in (there / "labs").iterdir()} == {MINI, OTHER}
    assert OTHER in (there / "README.md").read_text()
    publish(teaching, there, MINI, "--only")
    assert OTHER not in " ".join(files(there))
    assert "nothing new" in publish(teaching, there)


def test_a_hub_gets_a_link_for_each_lab(teaching: Tree, there: Path) -> None:
    told = publish(teaching, there, *HERE, "--hub", "https://hub.example.org")
    links = [line for line in told.split("\n") if "https://hub.example.org/hub/" in line]
    assert [line.partition(":")[0] for line in links] == [MINI, OTHER]
    assert "expected an address" in refused(teaching, there, "--hub", "hub.example.org")


def test_a_repository_gets_a_commit_and_students_pull_it(teaching: Tree, remote: str) -> None:
    told = publish(teaching, remote, MINI, *HERE)
    assert "Committed and pushed." in told
    student = cloned(remote, teaching.root / "student")
    assert (student / "labs" / MINI / f"{MINI}.ipynb").is_file()
    assert git.run(student, "log", "--format=%an: %s") == f"A Teacher: Publish {MINI}"
    again = publish(teaching, remote)
    assert "nothing new" in again
    assert "pushed" not in again
    (student / "labs" / MINI / "mine.txt").write_text("notes")
    publish(teaching, remote, OTHER)
    git.run(student, "pull", "--quiet")
    assert git.run(student, "log", "-1", "--format=%s") == f"Publish {MINI}, {OTHER}"
    assert (student / "labs" / MINI / "mine.txt").read_text() == "notes"


def test_a_branch_that_is_not_there_begins(teaching: Tree, remote: str) -> None:
    publish(teaching, remote, MINI, *HERE)
    publish(teaching, remote, OTHER, *HERE, "--branch", "autumn", "--only")
    student = cloned(remote, teaching.root / "student")
    assert git.run(student, "log", "--format=%s", "origin/autumn") == f"Publish {OTHER}"
    assert "blob/autumn/" in git.run(student, "show", "origin/autumn:README.md")
    assert "blob/main/" in git.run(student, "show", "origin/main:README.md")


def test_a_copy_of_another_class_knows_its_own_address(teaching: Tree, remote: str) -> None:
    publish(teaching, remote, MINI, *HERE)
    checkout = cloned(remote, teaching.root / "checkout")
    git.run(checkout, "remote", "set-url", "origin", "https://me:token@github.com/my/copy.git")
    told = refused(teaching, checkout)
    assert f"was published for {URL} and lies in https://github.com/my/copy now" in told
    assert "commit it and push it" in publish(
        teaching, checkout, "--url", "https://github.com/my/copy"
    )
    assert "nothing new" in publish(teaching, checkout)
    page = (checkout / "README.md").read_text()
    assert "github/my/copy/blob/main/" in page
    assert "token" not in page + (checkout / ".published.json").read_text()


def test_what_somebody_changed_in_a_repository_is_not_overwritten(
    teaching: Tree, remote: str
) -> None:
    publish(teaching, remote, MINI, *HERE)
    other = cloned(remote, teaching.root / "other")
    (other / "README.md").write_text("# Welcome to my class\n")
    git.commit(other, "A page of my own")
    git.push(other)
    assert "README.md" in publish(teaching, remote)  # ours is as before: theirs stays
    told = refused(teaching, remote, OTHER)
    assert "Nothing was pushed: README.md" in told
    assert "--overwrite" in told
    publish(teaching, remote, OTHER, "--overwrite")
    git.run(other, "pull", "--quiet")
    assert OTHER in (other / "README.md").read_text()


def test_in_a_folder_the_new_version_lies_beside(teaching: Tree, there: Path) -> None:
    publish(teaching, there, MINI, *HERE)
    notebook = there / "labs" / MINI / f"{MINI}.ipynb"
    answered = notebook.read_text().replace("NotImplementedError", "ValueError")
    notebook.write_text(answered)
    source = teaching.source(MINI)
    source.write_text(MINI_SOURCE.replace("Welcome.", "Welcome back."))
    one = build.expected(teaching, MINI)
    build.write(teaching, one, one.solution)
    done = autograde(teaching, "publish", str(there))
    assert done.returncode == 1
    assert f"labs/{MINI}/{MINI}.ipynb stays" in done.stdout
    assert notebook.read_text() == answered
    assert "Welcome back." in notebook.with_name(f"{MINI}.new.ipynb").read_text()


def test_a_leak_in_what_students_get_stops_it(teaching: Tree, there: Path) -> None:
    helper = teaching.root / "course/helper.py"
    helper.write_text(f"def f():\n{SOLUTION}")
    told = refused(teaching, there, MINI, *HERE)
    assert "Not published: students could read what is secret." in told
    assert f"course/helper.py:2: a line of {OTHER}, solution of double: secret_factor" in told
    helper.write_text("# cold potatoes\n")
    assert "course/helper.py:1: the secret seed" in refused(teaching, there, MINI, *HERE)
    assert not there.exists()


def test_a_leak_that_lies_there_already_stops_it(teaching: Tree, there: Path) -> None:
    there.mkdir()
    (there / "tips.md").write_text(f"# Tips\n\n{SOLUTION}")
    told = refused(teaching, there, MINI, *HERE)
    assert "this lies there already" in told
    assert "tips.md:3: a line of" in told
    assert files(there) == ["tips.md"]
    publish(teaching, there, MINI, *HERE, "--accept-found")


def test_a_secret_in_the_history_stops_it(teaching: Tree, remote: str) -> None:
    other = cloned(remote, teaching.root / "other")
    (other / "draft.py").write_text(SOLUTION)
    git.commit(other, "A draft")
    (other / "draft.py").unlink()
    git.commit(other, "No draft")
    git.push(other)
    told = refused(teaching, remote, MINI, *HERE)
    assert "history holds what is secret" in told
    assert "draft.py:1: a line of" in told
    publish(teaching, remote, MINI, *HERE, "--accept-found")


def test_no_object_of_the_repository_holds_a_secret(teaching: Tree, remote: str) -> None:
    publish(teaching, remote, MINI, *HERE)
    publish(teaching, remote, OTHER)
    student, secrets = cloned(remote, teaching.root / "student"), Secrets.of(teaching)
    looked_at = dict(git.history(student))
    assert {"README.md", "course/__init__.py", f"labs/{OTHER}/{OTHER}.ipynb"} <= set(looked_at)
    assert sum(one.startswith("commit ") for one in looked_at) == 2
    assert [find for one in looked_at.items() for find in secrets.found(*one)] == []


@pytest.mark.parametrize("place", ["", "labs/students", "solutions"])
def test_the_course_itself_is_no_place_for_students(teaching: Tree, place: str) -> None:
    told = refused(teaching, teaching.root / place, MINI, *HERE)
    assert "is the instructors' course" in told


def test_a_clone_of_the_course_is_no_place_for_students(teaching: Tree, remote: str) -> None:
    clone = cloned(remote, teaching.root / "clone")
    (clone / "solutions").mkdir()
    (clone / "solutions/a.txt").write_text("1")
    git.commit(clone, "The course")
    git.push(clone)
    assert "is the instructors' course" in refused(teaching, remote, MINI, *HERE)


def test_into_a_bare_repository_nothing_is_written_beside_its_objects(
    teaching: Tree, remote: str
) -> None:
    folder = Path(remote.removeprefix("file://"))
    before = files(folder)
    told = refused(teaching, folder, MINI, *HERE)
    assert f"write {remote}" in told
    assert files(folder) == before


def test_what_is_missing_is_said_with_the_next_step(teaching: Tree, there: Path) -> None:
    assert "--url https://github.com/OWNER/REPO" in refused(teaching, there, MINI)
    assert "write https://github.com/uni/labs" in refused(teaching, "github.com/uni/labs", MINI)
    assert "no lab is called" in refused(teaching, there, "lab77_nowhere", *HERE)
    told = refused(teaching, there, MINI, *HERE, "--zip", there.parent / "none/a.zip")
    assert "there is no folder" in told
    teaching.source(MINI).write_text(MINI_SOURCE.replace("Twice x.", "Two times x."))
    assert f"run `autograde build {MINI}`" in refused(teaching, there, MINI, *HERE)
    teaching.student(MINI).unlink()
    assert f"{MINI} is not built yet" in refused(teaching, there, MINI, *HERE)
    (teaching.root / "pyproject.toml").write_text("[project]\n")
    assert "pyproject.toml: KeyError, 'urls'" in refused(teaching, there, OTHER, *HERE)
    assert not there.exists()


def test_what_git_refuses_is_said_with_the_next_step(teaching: Tree, remote: str) -> None:
    gone = remote.replace("labs.git", "gone.git").replace("file://", "file://me:token@")
    told = refused(teaching, gone, MINI, *HERE)
    assert "git clone failed. Can you open file:///" in told
    assert "token" not in told
    hook = Path(remote.removeprefix("file://")) / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    told = refused(teaching, remote, MINI, *HERE)
    assert "git push failed. Nothing was pushed." in told
    assert "not today" in told


def test_the_set_up_of_students_is_as_the_makefile_says(teaching: Tree, there: Path) -> None:
    publish(teaching, there, MINI, *HERE)
    make = ["make", "--dry-run", "lab", f"PYTHON={sys.executable}", "ARGUMENTS=--no-browser"]
    done = subprocess.run(make, cwd=there, capture_output=True, text=True, check=True)
    assert "-m pip install --quiet --disable-pip-version-check -e '.[lab]'" in done.stdout
    assert ".venv/bin/python -m course start -- --no-browser" in done.stdout
    old = subprocess.run(["make", "lab", "PYTHON=false"], cwd=there, capture_output=True, text=True)
    assert "Python 3.11 or newer is needed" in old.stdout


def test_the_workflow_for_classroom_stays_until_it_is_taken_back(
    teaching: Tree, there: Path
) -> None:
    publish(teaching, there, MINI, *HERE)
    assert CLASSROOM not in files(there)
    publish(teaching, there, "--classroom")
    publish(teaching, there)
    assert CLASSROOM in files(there)
    publish(teaching, there, "--no-classroom")
    assert CLASSROOM not in files(there)
