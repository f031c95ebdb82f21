"""JupyterLab for students: opened at the start page, without the instructors' tools.

The settings come from a folder of the course's that is put before the others for this one server;
the user's own are read and not touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import course
from course.progress import NoFacts, labs
from course.welcome import page

CONFIG = Path(__file__).parent / "config"
INSTALL = (
    'JupyterLab is not installed here. Run `pip install "jupyterlab>=4.2" ipywidgets`, then this '
    "again. Or open the notebooks in VS Code, or in Colab by the links of the README."
)
OPENS = "JupyterLab opens at the start page. Leave this window open; Ctrl+C here stops it."
NO_BROWSER = (
    "No browser is found here. Open the address below that begins with http:// in one; Ctrl+C "
    "here stops JupyterLab. From outside a container, start it with `-- --ip=0.0.0.0` and its port "
    "published."
)


def open_labs(options: Sequence[str] = ()) -> int:
    """Open JupyterLab on the labs, and stay until it is stopped.

    Args:
        options: for JupyterLab.

    Raises:
        NoFacts: no labs are found.
    """
    if find_spec("jupyterlab") is None:
        print(INSTALL, file=sys.stderr)
        return 1
    folder = labs_folder()
    start = page.write(folder)
    browser = has_browser(os.environ)
    print(OPENS if browser else NO_BROWSER, flush=True)
    command = lab_command(folder, start, browser, options)
    environment = lab_environment(os.environ)
    if os.name == "posix":
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment)


def labs_folder() -> Path:
    """The folder with the labs: here, below, or beside the course.

    Raises:
        NoFacts: there is none.
    """
    places = (Path("labs"), Path(), Path(course.__file__).parents[1] / "labs")
    for place in places:
        if any((place / lab / f"{lab}.ipynb").is_file() for lab in labs()):
            return place.resolve()
    raise NoFacts(
        "no labs are found here. Go to the folder that holds labs/ and course/, then try again."
    )


def lab_command(
    folder: Path, start: Path | None, browser: bool, options: Sequence[str] = ()
) -> list[str]:
    """The command that opens JupyterLab.

    Args:
        folder: of the labs.
        start: the start page, if there is one.
        browser: whether there is one to open.
        options: more of JupyterLab's, which win.
    """
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    command += ["--log-level=ERROR", "--ServerApp.answer_yes=True"]
    command += [f"--LabApp.default_url=/lab/tree/{start.name}"] if start else []
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    return [*command, *options]


def lab_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Variables for JupyterLab and its kernels: our settings first, and the course is found."""
    home = str(Path(course.__file__).parents[1])
    return {
        **given,
        "JUPYTER_CONFIG_PATH": _before(str(CONFIG), given.get("JUPYTER_CONFIG_PATH")),
        "PYTHONPATH": _before(home, given.get("PYTHONPATH")),
    }


def has_browser(given: Mapping[str, str]) -> bool:
    """Whether this machine has a screen with a browser, as far as can be told."""
    if not sys.platform.startswith("linux"):
        return True
    return any(given.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _before(first: str, rest: str | None) -> str:
    return os.pathsep.join([first, rest]) if rest else first
