"""A server for formgrader's pages alone: it has no kernels, no terminals, and serves no files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from traitlets.config import Config

from autograde.errors import DesignedError
from autograde.formgrader import handlers, page
from autograde.nbgrader_settings import settings
from autograde.tree import Tree

PORT = 8890
"""The first that is tried; where it is taken, the next ones are."""

PATIENCE = 30
"""Seconds for which another program may have the gradebook."""


class ServerError(DesignedError):
    """The pages can't be served; the message says why."""


class NoFiles(AsyncLargeFileManager):
    """Jupyter's files, without the addresses under which it would serve them."""

    def get_extra_handlers(self) -> list[Any]:
        """None."""
        return []


class Pages(ServerApp):
    """Jupyter's server with its token, cookies and hosts, and none of its services."""

    default_services = ()  # type: ignore[assignment]

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Nothing of the user's: another Jupyter server's extensions would be ways in."""


class Formgrader(FormgradeExtension):
    """nbgrader's extension, set up by the course alone."""

    debug = False
    url_prefix = ""

    def load_config(self) -> Config:
        """What it was made with; a configuration file is code, and nbgrader's formgrader looks
        for one in whatever folder it is told.
        """
        return self.config

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Nothing, for the same reason."""


def server(tree: Tree, work: Path, lab: str, *, ip: str, port: int | None, browser: bool) -> Pages:
    """The server for a class, listening; ``start()`` serves until Ctrl-C.

    Args:
        tree: the course, which has the model answers.
        work: the class's folder.
        lab: whose submissions are shown first.
        ip: where it listens.
        port: the port; the first that is free where None.
        browser: whether to open one.

    Raises:
        ServerError: the port is taken, or the address is none of this machine.
    """
    home = f"/formgrader/gradebook/{quote(lab)}/{quote(lab)}"
    app = Pages(config=_config(work, ip, port, browser))
    try:
        app.initialize([], find_extensions=False)
    except (SystemExit, OSError):
        why = f"{ip}, port {port}: it is taken, or not yours. Name another."
        if port is None:
            why = f"--ip '{ip}': nothing can listen there. Name an address of this machine."
        raise ServerError(why) from None
    config = settings(work, work, source=work / "source", release=work / "release")
    config.CourseDirectory.db_url += f"?timeout={PATIENCE}"
    extension = Formgrader(parent=app, config=config)
    extension.coursedir = CourseDirectory(parent=extension)
    extension.authenticator = Authenticator(parent=extension)
    extension.root_dir = app.root_dir
    app.web_app.settings.update(
        course_tree=tree,
        marking_home=home,
        nbgrader_formgrader=extension,
        nbgrader_authenticator=extension.authenticator,
        nbgrader_exporter=page.exporter(config),
        nbgrader_gradebook=None,
        nbgrader_jinja2_env=handlers.environment(),
        nbgrader_bad_setup=False,
        initial_config=config,
    )
    app.web_app.add_handlers(".*$", handlers.guarded())
    return app


def _config(work: Path, ip: str, port: int | None, browser: bool) -> Config:
    config = Config()
    config.ServerApp.update(
        root_dir=str(work),
        default_url="/formgrader/",
        ip=ip,
        port=port or PORT,
        port_retries=0 if port else 50,
        open_browser=browser,
        allow_root=True,
        answer_yes=True,
        terminals_enabled=False,
        contents_manager_class=NoFiles,
        log_level="ERROR",
    )
    # nbgrader's handlers have "" for a base, of which the cookie's path would be made.
    config.IdentityProvider.logout_handler_class = handlers.Nowhere  # else any link leads out
    config.IdentityProvider.cookie_options = {"path": "/", "samesite": "Lax"}
    return config
