"""IPython's shell as a notebook has it, with outputs collected instead of sent to a client.

It owns no thread, so it can be made once, before the fork: making one costs as much as all the
walls together.
"""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograde.sandbox.outputs import Collector


class PrintedText(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of a cell."""

    encoding = "utf-8"

    def __init__(self, name: str, collector: Collector) -> None:
        self._name, self._collector = name, collector

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Keep ``text`` among the cell's outputs."""
        if not isinstance(text, str):
            raise TypeError(f"write() needs a str, found {type(text).__name__}")
        self._collector.stream(self._name, text)
        return len(text)


class Results(DisplayHook):
    """Keeps the value of a cell's last expression."""

    shell: Any

    def write_output_prompt(self) -> None:
        """Notebooks show the number beside the cell."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Keep the value in all its formats."""
        self.shell.collector.bundle(
            "execute_result", texts(format_dict), md_dict, count=self.prompt_count
        )

    def finish_displayhook(self) -> None:
        """Nothing is printed."""


class Displays(DisplayPublisher):
    """Keeps what a cell displays."""

    shell: Any

    def publish(  # type: ignore[override]
        self,
        data: Any,
        metadata: Any = None,
        *,
        transient: Any = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Keep a mime bundle, or replace the one with the same display id."""
        shown = (transient or {}).get("display_id")
        self.shell.collector.bundle(
            "display_data", texts(data), metadata, display_id=shown, update=update
        )

    def clear_output(self, wait: bool = False) -> None:
        """Forget the cell's outputs."""
        self.shell.collector.clear_later(wait)


def texts(data: Any) -> dict[str, Any]:
    """A mime bundle with bytes turned into base64, as notebooks store pictures."""
    return {
        mime: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for mime, value in data.items()
    }


class NotebookShell(InteractiveShell):
    """A shell without history, threads or terminal.

    ``kernel`` makes libraries that look for a notebook find one. ``failed``: an error was shown,
    also one that the code which ran it never learnt of.
    """

    displayhook_class = Type(Results)
    display_pub_class = Type(Displays)
    kernel = None
    failed = False
    collector: Collector

    @classmethod
    def ready(cls, max_bytes: int, max_count: int) -> NotebookShell:
        """The process's shell, with pictures of matplotlib shown inline."""
        config = Config()
        config.HistoryManager.enabled = False
        config.HistoryManager.hist_file = ":memory:"
        config.InteractiveShell.autoindent = False
        shell = cls.instance(config=config)
        shell.collector = Collector(max_bytes, max_count)
        shell.run_line_magic("matplotlib", "inline")
        return shell

    def enable_gui(self, gui: str | None = None) -> None:
        """There is none."""

    def init_display_formatter(self) -> None:
        """All formats, as in notebooks."""
        super().init_display_formatter()
        formatter: Any = self.display_formatter
        formatter.active_types = formatter.format_types

    def init_virtualenv(self) -> None:
        """The interpreter was chosen by the grader."""

    def _showtraceback(self, etype: type, evalue: Any, stb: list[str]) -> None:
        self.failed = True
        self.collector.error(etype.__name__, _said(evalue), [str(line) for line in stb])

    def system_piped(self, cmd: str) -> None:
        """``!command``: what it prints belongs to the cell."""
        done = subprocess.run(  # the student's own command, behind the walls
            self.var_expand(cmd, depth=1),
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
            check=False,
        )
        sys.stdout.write(done.stdout)
        self.user_ns["_exit_code"] = done.returncode

    system = system_piped

    def cell(self, source: str) -> bool:
        """Run one cell; whether it succeeded. The collector has its outputs."""
        with self.collecting():
            result = self.run_cell(source, store_history=True)
        return bool(result.success)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """What is printed meanwhile belongs to one cell."""
        self.collector.clear()
        saved = sys.stdout, sys.stderr
        sys.stdout = PrintedText("stdout", self.collector)
        sys.stderr = PrintedText("stderr", self.collector)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = saved


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as trouble:
        return f"<no text: {type(trouble).__name__}>"
