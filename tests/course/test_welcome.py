"""The start page and the command that opens it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograde.tree import find
from course import progress, welcome
from course.progress import NoFacts
from course.welcome import page, server

TREE = find(Path(__file__).parent)


def test_has_the_page_every_lab_in_order_and_opens_with_its_table(tmp_path: Path) -> None:
    labs = tmp_path / "labs"
    shutil.copytree(TREE.labs, labs, ignore=shutil.ignore_patterns("start_here*", "*.zip"))
    path = welcome.write(labs)
    assert path is not None
    book = json.loads(path.read_text())
    (shown,) = book["cells"][1]["outputs"]
    *rows, total = shown["data"]["text/markdown"].splitlines()[2:]
    assert len(rows) == len(TREE.lab_names())
    for lab, row in zip(TREE.lab_names(), rows, strict=True):
        assert f"({lab}/{lab}.ipynb)" in row
        facts = progress.facts(lab)
        core = f"{facts.core_minutes} min" if facts.core_minutes else "optional"
        assert f"| {core} | {facts.minutes} min |" in row
        assert "○ not begun" in row
    hours = sum(progress.facts(lab).core_minutes for lab in TREE.lab_names()) / 60
    assert f"**{hours:.0f} h**" in total
    assert str(welcome.progress(labs)) == shown["data"]["text/plain"]


def test_is_no_page_needed_where_nothing_may_be_written(tmp_path: Path) -> None:
    assert page.write(tmp_path / "nowhere") is None
    command = server.lab_command(tmp_path, None, browser=True)
    assert not [one for one in command if "default_url" in one]


def test_are_the_instructors_tools_off_and_the_user_s_settings_left(tmp_path: Path) -> None:
    """As JupyterLab itself reads its settings, the user's own among them."""
    own = tmp_path / "own" / "labconfig"
    own.mkdir(parents=True)
    (own / "page_config.json").write_text('{"disabledExtensions": {"theirs": true}}')
    code = (
        "import json; from jupyterlab_server.config import get_page_config; "
        "from jupyter_server.extension.config import ExtensionConfigManager as M; "
        "from jupyter_core.paths import jupyter_config_path as p; "
        "print(json.dumps([get_page_config([]), "
        "M(read_config_path=p()).get_jpserver_extensions()]))"
    )
    environment = server.lab_environment(
        {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path / "own"), "PYTHONPATH": "before"}
    )
    assert environment["PYTHONPATH"].endswith(f"{os.pathsep}before")
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    pages, extensions = json.loads(done.stdout)
    assert {"@jupyter/nbgrader", "theirs"} <= set(pages["disabledExtensions"])
    assert not [name for name, on in extensions.items() if on and "nbgrader" in name]


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_is_root_allowed_where_one_is_root(
    user: int, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    start = Path("labs/start_here.ipynb")
    command = server.lab_command(Path("labs"), start, browser=False, options=["--ip=0.0.0.0"])
    assert ("--allow-root" in command) == allowed
    assert "--no-browser" in command
    assert command[-1] == "--ip=0.0.0.0"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a browser")
def test_is_a_screen_looked_for() -> None:
    assert not server.has_browser({})
    assert server.has_browser({"WAYLAND_DISPLAY": "wayland-0"})


def test_is_a_wrong_folder_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(server.course, "__file__", str(tmp_path / "course" / "__init__.py"))
    with pytest.raises(NoFacts, match="Go to the folder that holds labs/ and course/"):
        server.labs_folder()
