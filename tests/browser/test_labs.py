"""In Chromium: a student's hour in JupyterLab, from the start page to the file to hand in.

Pictures of each step stay in ``build/browser``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.browser.chromium import (
    NARROW,
    NEEDS,
    ROOT,
    SHOTS,
    WIDE,
    accessible,
    fits,
    readable,
    shot,
)

playwright = pytest.importorskip("playwright.sync_api", reason=NEEDS)
pytestmark = pytest.mark.slow

FIRST, LAB = "lab00_setup", "lab01_activations"
TOKEN = "quince"
WAIT = 40_000  # milliseconds; a busy machine takes its time
WRONG = "def relu(x):\n    return x"
RIGHT = "def relu(x):\n    return torch.where(x > 0, x, torch.zeros_like(x))"
NORMALISED = """def normalise_images(images, mean, std):
    return (images / 255 - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)"""
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
TO_FIRST_POINTS = 120  # seconds at most, answer at hand; two quiet cores need far less
RAN = re.compile(r"\[\d+\]")


@dataclass
class Lab:
    """JupyterLab as `python -m course start` opens it, and a page in it."""

    folder: Path
    page: Any

    def shot(self, name: str) -> None:
        shot(self.page, name)

    @property
    def notebook(self) -> Any:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def cell(self, text: str) -> Any:
        """The one code cell with this text."""
        return self.notebook.locator(".jp-CodeCell").filter(
            has=self.page.locator(".jp-InputArea", has_text=text)
        )

    def run(self, text: str) -> Any:
        """Run a cell as a student does; its output."""
        self.page.locator(".jp-StatusBar-TextItem", has_text="| Idle").wait_for()
        cell = self.cell(text)
        cell.locator(".jp-InputPrompt").click()
        playwright.expect(cell).to_have_class(re.compile("jp-mod-active"))
        self.page.keyboard.press("Shift+Enter")
        playwright.expect(cell.locator(".jp-InputPrompt")).to_have_text(RAN, timeout=WAIT)
        return cell.locator(".jp-OutputArea")

    def write(self, text: str, answer: str) -> None:
        """Put an answer in the place of what is in a cell."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(answer)

    def command(self, name: str, **arguments: Any) -> None:
        """A command of JupyterLab's, where keys would prove nothing."""
        self.page.evaluate("([n, a]) => jupyterapp.commands.execute(n, a)", [name, arguments])

    def open_again(self, address: str) -> None:
        """Load JupyterLab anew and wait until it has put everything back in its place. The
        address names no file: one named there comes to the front some time after that.
        """
        self.page.goto(f"{address}/lab")
        self.page.wait_for_function("window.jupyterapp")
        self.page.evaluate("async () => { await jupyterapp.restored }")

    def front(self, tab: str, title: str) -> Any:
        """Bring a notebook to the front by its tab; the notebook."""
        self.page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel", has_text=tab).click()
        label = "(name) => jupyterapp.shell.currentWidget?.title.label == name"
        self.page.wait_for_function(label, arg=f"{tab}.ipynb")
        self.notebook.locator("h1", has_text=title).wait_for()
        return self.notebook

    def save(self) -> None:
        self.page.keyboard.press("ControlOrMeta+S")
        dirty = self.page.locator(".lm-TabBar-tab.jp-mod-dirty", has_text="lab01")
        playwright.expect(dirty).to_have_count(0, timeout=WAIT)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A student's folder with two labs, and the address of a JupyterLab of its own."""
    folder = tmp_path_factory.mktemp("student")
    with serving(folder) as address:
        yield folder, address


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """JupyterLab as `make lab` starts it once all is installed, in a folder with two labs; its
    address.
    """
    for lab in (FIRST, LAB):
        (folder / "labs" / lab).mkdir(parents=True)
        shutil.copy(ROOT / "labs" / lab / f"{lab}.ipynb", folder / "labs" / lab)
    for name, setting in SETTINGS.items():
        path = folder / "config" / "lab" / "user-settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(setting))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "course", "start", "--", f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={TOKEN}", "--no-browser"]
    command += ["--LabApp.expose_app_in_browser=True"]
    own = {
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "COURSE_PROFILE": "quick",
    }
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **own}, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api", server, folder / "log")
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        try:
            urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"no server: {log.read_text()}")


@pytest.fixture(scope="module")
def lab(served: tuple[Path, str], browser: Any) -> Lab:
    folder, address = served
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT)
    page.goto(f"{address}/?token={TOKEN}")
    return Lab(folder, page)


def test_a_student_s_hour(lab: Lab, served: tuple[Path, str]) -> None:
    """One story, since each step stands on the one before."""
    page = lab.page

    # The start page, rendered as it opens, and nothing of the instructors'.
    page.locator(".jp-RenderedMarkdown h1", has_text="Convolutional networks").wait_for()
    table = lab.notebook.locator(".jp-OutputArea table")
    playwright.expect(table).to_contain_text("0 of 30")
    assert "Nbgrader" not in page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    lab.shot("1-start")
    accessible(page, ".jp-NotebookPanel .jp-RenderedMarkdown")
    page.set_viewport_size({"width": NARROW, "height": 900})
    lab.command("application:toggle-left-area")  # the files, as one does in a narrow window
    fits(page, "start page")
    _reads(lab, lab.notebook.locator(".jp-OutputArea").first, "1-start-narrow")
    link = table.locator("a", has_text="Activations")
    link.scroll_into_view_if_needed()
    playwright.expect(link).to_be_in_viewport()
    lab.command("application:toggle-left-area")
    page.set_viewport_size({"width": WIDE, "height": 900})
    table.locator("a", has_text="Activations").click()

    # A check before anything was run.
    lab.notebook.locator("h1", has_text="Lab 1").wait_for()
    told = lab.run('check("relu"')
    playwright.expect(told).to_contain_text("Run the setup cell first")
    playwright.expect(told).to_contain_text("torch")
    lab.shot("2-before-setup")

    # A wrong answer, its hints by keyboard, in both themes.
    lab.run("import torch.nn.functional as F")
    lab.write("def relu(", WRONG)
    lab.run("def relu(")
    panel = lab.run('check("relu"')
    playwright.expect(panel).to_contain_text("✗ failed")
    hint = panel.locator("summary").first
    hint.focus()
    page.keyboard.press("Enter")
    playwright.expect(panel.locator("details[open]")).to_have_count(1)
    for summary in panel.locator("summary").all()[1:]:
        summary.click()
    panel.scroll_into_view_if_needed()
    _reads(lab, panel, "3-wrong")

    # Right, and how far one is.
    lab.write("def relu(", RIGHT)
    lab.run("def relu(")
    panel = lab.run('check("relu"')
    playwright.expect(panel).to_contain_text("1 of 1 points")
    playwright.expect(panel).to_contain_text("1 of 30 points by checks so far")
    lab.shot("4-right")
    overview = lab.run(f'course.overview("{LAB}")')
    playwright.expect(overview).to_contain_text("1 of 30 points by checks so far, 16 of 17 open")
    _reads(lab, overview, "5-overview")
    overview.locator("a", has_text="1.5 · ELU").click()
    playwright.expect(lab.cell("def elu(")).to_be_in_viewport()

    # Not saved: nothing is packed. Saved: it is.
    told = lab.run(f'course.hand_in("{LAB}")')
    playwright.expect(told).to_contain_text("it is not saved since you ran")
    lab.save()
    told = lab.run(f'course.hand_in("{LAB}")')
    playwright.expect(told).to_contain_text(f"{LAB}-handin.zip is ready")
    _reads(lab, told, "7-hand-in")
    with zipfile.ZipFile(lab.folder / "labs" / LAB / f"{LAB}-handin.zip") as packed:
        assert packed.namelist() == [f"{LAB}.ipynb", "receipt.json"]
        receipt = json.loads(packed.read("receipt.json"))
    assert receipt["points of visible checks, as shown in the notebook"]["relu"] == 1

    # Closed and opened again: the panel and the points are still there.
    lab.save()
    lab.open_again(served[1])
    lab.front(LAB, "Lab 1")
    panel = lab.cell('check("relu"').locator(".jp-OutputArea")
    playwright.expect(panel).to_contain_text("✓ passed")
    panel.scroll_into_view_if_needed()
    lab.shot("8-opened-again")

    # The start page counts again.
    table = lab.front("start_here", "Convolutional networks").locator(".jp-OutputArea table")
    table.click()
    page.keyboard.press("Shift+Enter")
    playwright.expect(table).to_contain_text("1 of 30", timeout=WAIT)
    lab.shot("9-start-again")


def test_a_newcomer_s_first_points(browser: Any, tmp_path: Path) -> None:
    """`git clone`, `make lab`, a click: then three cells to the first check that passes. The time
    from the second on, with all installed and without any thinking, is kept beside the pictures.
    """
    begun = time.monotonic()
    with serving(tmp_path) as address:
        page = browser.new_page(viewport={"width": WIDE, "height": 900})
        page.set_default_timeout(WAIT)
        page.goto(f"{address}/?token={TOKEN}")
        lab = Lab(tmp_path, page)
        page.locator(".jp-OutputArea table a", has_text="The task and the tools").click()
        lab.notebook.locator("h1", has_text="Lab 0").wait_for()
        opened = time.monotonic() - begun
        lab.run("from course import data, plots, training")
        lab.write("def normalise_images(", NORMALISED)
        lab.run("def normalise_images(")
        panel = lab.run('check("normalise_images"')
        playwright.expect(panel).to_contain_text("3 of 3 points")
        seconds = time.monotonic() - begun
        lab.shot("0-first-points")
        page.close()
    told = f"first lab open after {opened:.1f} s, first points after {seconds:.1f} s"
    print(told)
    (SHOTS / "first-points.txt").write_text(f"{told}\n", "utf-8")
    assert seconds <= TO_FIRST_POINTS, told


def _reads(lab: Lab, panel: Any, name: str) -> None:
    """Its text has contrast enough in both themes, and nothing keeps a screen reader out."""
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        lab.command("apputils:change-theme", theme=theme)
        lab.page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
        lab.page.wait_for_timeout(500)
        panel.scroll_into_view_if_needed()
        lab.shot(f"{name}-{theme.split()[1].lower()}")
        shown = panel.locator(".jp-OutputArea-output").first
        readable(shown, theme)
        shown.evaluate("(one) => one.setAttribute('data-looked-at', '')")
        accessible(lab.page, "[data-looked-at]")
        shown.evaluate("(one) => one.removeAttribute('data-looked-at')")
