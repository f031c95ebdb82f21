"""A stranger's lab: what its code can reach while it is built, verified, recorded and proven."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import course
from autograde import __main__
from autograde.authoring import build, new
from autograde.cli import app
from autograde.sandbox import foreign
from autograde.tree import Tree
from course.data import storage
from tests.conftest import MINI
from tests.depths import deep

ENGINE = Path(__main__.__file__).parents[1]
SECRET = "damson in a home folder"
TRIES = """
import os, pathlib, socket
got = []
for name, work in {{
    "read": lambda: open({canary!r}).read(),
    "list": lambda: os.listdir({home!r}),
    "write": lambda: open({outside!r}, "w").close(),
    "spoil": lambda: open({source!r}, "a").close(),
    "engine": lambda: os.listdir({solutions!r}),
    "variable": lambda: os.environ["GRADER_CANARY"],
    "shadow": lambda: open("/etc/shadow").read(),
    "network": lambda: socket.create_connection(("127.0.0.1", {port}), 2),
    "machine": lambda: os.kill({pid}, 0),
    "socket": lambda: socket.socket(40, socket.SOCK_STREAM),  # AF_VSOCK, to the host
}}.items():
    try:
        work()
        got.append(name)
    except (OSError, KeyError):
        pass
"""
"""What the code of a lab should not get done."""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server


def library(tree: Tree, source: str = "") -> Path:
    """Give a course the library, to which a stranger added something; its first file."""
    no_labs = shutil.ignore_patterns("__pycache__", "lab[0-9]*")
    shutil.copytree(
        Path(course.__file__).parent, tree.root / "course", ignore=no_labs, dirs_exist_ok=True
    )
    path = tree.root / "course" / "__init__.py"
    path.write_text(path.read_text() + source)
    return path


@pytest.fixture
def tries(mini: Tree, listener: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Code for a lab of ``mini``; what it gets done is in ``got``."""
    home = tmp_path_factory.mktemp("home")
    (home / "canary.txt").write_text(SECRET)
    return TRIES.format(
        canary=str(home / "canary.txt"),
        home=str(home),
        outside=str(home / "planted"),
        source=str(mini.source(MINI)),
        solutions=str(ENGINE / "solutions"),
        port=listener.getsockname()[1],
        pid=os.getpid(),
    )


def run(tree: Tree, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own, as whoever tries the course types it."""
    paths = os.pathsep.join(filter(None, (str(ENGINE), os.environ.get("PYTHONPATH"))))
    own = {"PYTHONPATH": paths, "GRADER_CANARY": SECRET, "PATH": path or os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "-P", "-m", "autograde", "--course", str(tree.root), *words],
        env=os.environ | own, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def notebook(tree: Tree, source: str) -> None:
    """Put a notebook of one cell in the place of both."""
    book = build.expected(tree, MINI).solution
    book.cells = [nbformat.v4.new_code_cell(source)]
    for path in (tree.solution(MINI), tree.student(MINI)):
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, path)


SAID = "\nraise RuntimeError('got: ' + ' '.join(got))"


def test_does_verify_keep_a_strangers_notebook_from_home_files_and_network(
    mini: Tree, tries: str, listener: socket.socket
) -> None:
    notebook(mini, tries + SAID)
    done = run(mini, "verify", "--only", "solution", "--json")
    (told,) = json.loads(done.stdout)
    assert told["trouble"].endswith("RuntimeError: got: "), done.stderr
    assert done.returncode == 1
    assert "behind walls" in done.stderr
    with pytest.raises(TimeoutError):
        listener.accept()


def test_do_the_tries_get_everything_where_the_course_is_trusted(mini: Tree, tries: str) -> None:
    """So the test above could fail."""
    notebook(mini, tries + SAID)
    done = run(mini, "--trusted", "verify", "--only", "solution", "--json")
    (told,) = json.loads(done.stdout)
    for name in ("read", "list", "write", "spoil", "engine", "variable", "network", "machine"):
        assert name in told["trouble"]


def test_is_an_honest_lab_of_a_strangers_verified_as_it_is(mini: Tree) -> None:
    notebook(mini, "import torch, course\ntorch.ones(3).sum().item()")
    done = run(mini, "verify", "--json")
    assert [one["trouble"] for one in json.loads(done.stdout)] == ["", ""], done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("command", ["build", "prove", "record"])
def test_does_a_lab_that_acts_when_it_is_read_reach_nothing(
    mini: Tree, tries: str, command: str
) -> None:
    """Here the course's own library does; it is imported first of all."""
    notebook(mini, "1")
    library(mini, f"{tries}\nimport sys\nprint('got:', got, file=sys.stderr)\n")
    done = run(mini, command)
    assert "got: []" in done.stderr


def test_does_build_write_its_own_folders_and_nothing_else(mini: Tree) -> None:
    lab = "lab91_new"
    new.write(mini, lab)
    (mini.solutions / "seed.txt").write_text("a test's own")
    (mini.root / ".git").mkdir()
    (mini.root / ".git" / "config").write_text(SECRET)
    others = ["pyproject.toml", f"solutions/{lab}/lab.py", ".git/config"]
    spoiling = f"""
import contextlib, pathlib
for name in {others}:
    with contextlib.suppress(OSError):
        pathlib.Path({str(mini.root)!r}, name).write_text("spoiled")
"""
    others += [str(library(mini, spoiling).relative_to(mini.root))]
    before = [(mini.root / name).read_text() for name in others]
    done = run(mini, "build", lab)
    assert f"{lab}: built" in done.stdout, done.stdout + done.stderr
    assert mini.student(lab).is_file()
    assert lab in (mini.root / "README.md").read_text()
    assert [(mini.root / name).read_text() for name in others] == before


def test_is_what_a_stranger_prints_shown_and_not_obeyed(mini: Tree) -> None:
    library(mini, "import os\nos.write(2, b'\\x1b]0;a title\\x07 caf\\xc3\\xa9\\n')\n")
    done = run(mini, "verify", "lab77_nowhere")
    assert "\x1b" not in done.stderr
    assert r"\x1b]0;a title\x07 café" in done.stderr
    assert (done.returncode, "no lab is called" in done.stderr) == (2, True)


def test_where_no_bubblewrap_is_does_it_refuse_and_say_what_to_do(
    mini: Tree, tmp_path: Path
) -> None:
    notebook(mini, "1")
    done = run(mini, "verify", path=str(tmp_path / "empty"))
    assert (done.returncode, done.stdout) == (3, "")
    assert "install the system package bubblewrap" in done.stderr
    assert f"`autograde --course {mini.root} --trusted verify`" in done.stderr
    assert "Traceback" not in done.stderr


def test_does_a_link_lead_build_nowhere(
    mini: Tree, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    shutil.rmtree(mini.labs)
    mini.labs.symlink_to(outside)
    done = run(mini, "build")
    assert done.returncode == 3
    assert f"{mini.labs} is a link to {outside}" in done.stderr
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", [".git", "grading"])
def test_does_a_link_in_a_hidden_folders_place_not_pass_for_missing_walls(
    mini: Tree, name: str
) -> None:
    """Or the message would advise to weaken the machine, or to trust."""
    notebook(mini, "1")
    (mini.root / name).symlink_to("/etc")
    done = run(mini, "verify")
    assert (done.returncode, f"{mini.root / name} is a link to /etc" in done.stderr) == (3, True)
    assert "sysctl" not in done.stderr
    assert "--trusted verify" not in done.stderr


def test_are_links_and_settings_of_gits_that_a_build_leaves_named(mini: Tree) -> None:
    leaving = f"""
import os, pathlib
labs = pathlib.Path({str(mini.labs)!r})
if not (labs / "lab01_activations").is_symlink():
    (labs / "lab01_activations").symlink_to("/root")
    (labs / ".git").mkdir()
    (labs / "\\x1b[2J").symlink_to("nowhere")
"""
    library(mini, leaving)
    with deep(mini.labs / "deep"):
        done = run(mini, "build", "lab77_nowhere")
    told = done.stderr.splitlines()[-1]
    for name in (r"\x1b[2J", ".git", "lab01_activations", "deep/a/"):
        assert f"labs/{name}" in told
    assert "\x1b" not in told


def test_is_a_link_that_a_stranger_named_shown_and_not_obeyed(mini: Tree) -> None:
    shutil.rmtree(mini.labs)
    mini.labs.symlink_to("/tmp/\x1b]0;a title\x07")
    done = run(mini, "build")
    assert "\x1b" not in done.stderr
    assert r"is a link to /tmp/\x1b]0;a title\x07:" in done.stderr


def test_does_a_missing_readme_not_pass_for_missing_walls(mini: Tree) -> None:
    lab = "lab91_new"
    new.write(mini, lab)
    library(mini)
    (mini.solutions / "seed.txt").write_text("a test's own")
    (mini.root / "README.md").unlink(missing_ok=True)
    done = run(mini, "build", lab)
    assert "sysctl" not in done.stderr
    assert mini.student(lab).is_file(), done.stderr


def test_is_a_course_around_the_home_folder_refused(mini: Tree, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(mini.root / "me"))
    done = run(mini, "verify")
    assert (done.returncode, "holds your home folder" in done.stderr) == (3, True)


def test_is_demo_refused_for_a_strangers_course(mini: Tree) -> None:
    done = run(mini, "demo")
    assert (done.returncode, "`demo` would run its code" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "is_trusted"),
    [
        (["verify"], False),
        (["--trusted", "verify"], True),
        (["--course", "here", "--trusted", "build"], True),
        (["verify", "--trusted"], False),
        (["--course", "--trusted", "verify"], False),
    ],
)
def test_does_only_an_option_before_the_command_trust(
    mini: Tree, words: list[str], is_trusted: bool
) -> None:
    assert __main__.trusted(mini.root, __main__._split(words)[0]) == is_trusted


def test_is_the_own_course_trusted_and_can_it_be_taken_for_a_strangers() -> None:
    assert __main__.trusted(ENGINE, ["verify"])
    assert not __main__.trusted(ENGINE, ["--foreign", "verify"])


def test_do_all_lists_of_commands_and_folders_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {one.name or one.callback.__name__ for one in app.registered_commands if one.callback}
    assert set(foreign.WRITES) == set(__main__.WALLED) <= names
    assert foreign.cache() == storage.cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert foreign.cache() == storage.cache_folder()
