"""Where students find what is published, and what in a notebook follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from nbformat import NotebookNode

from autograde.authoring import source
from autograde.errors import DesignedError

NOWHERE = "none"  # in place of an address: students get the folder itself, as a zip
GITHUB = "github.com"
# https://host/path, ssh://git@host/path, git@host:path; who signs in, and how, is left out.
REMOTE = re.compile(
    r"(?:(?:https?|ssh)://)?(?:[^@/\s]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+)(?::\d+)?[/:](?P<path>\S+)"
)
PATH = re.compile(r"[\w~.-]+(?:/[\w~.-]+)+")
BRANCH = re.compile(r"\w[\w./-]*")

UNPACK = """\
    raise ModuleNotFoundError("There is no folder `course` above this notebook. Unpack all that "
                              "you were given, and open the notebook there, in its own folder.")
"""
BADGE = re.compile(r" · \[open in Colab\]\([^)\s]*\)")


class AddressError(DesignedError):
    """An address or branch that no student could open; the message says what one looks like."""


@dataclass(frozen=True)
class Address:
    """A repository on the web, ``https://host/owner/name``, and a branch of it."""

    repository: str
    branch: str = "main"

    def __post_init__(self) -> None:
        if not BRANCH.fullmatch(self.branch):
            raise AddressError(f"no branch can be called {self.branch!r}: --branch main.")

    @property
    def name(self) -> str:
        """The repository's own name, which a clone's folder has."""
        return self.repository.rsplit("/", 1)[1]

    @property
    def on_github(self) -> bool:
        """Whether Colab can open its notebooks."""
        return urlsplit(self.repository).hostname == GITHUB

    @property
    def package(self) -> str:
        """What pip installs the course library from: no git is needed where there is a zip."""
        if self.on_github:
            return f"{self.repository}/archive/refs/heads/{self.branch}.zip"
        return f"git+{self.repository}@{self.branch}"

    def colab(self, lab: str) -> str:
        """What opens a lab in Colab; nothing where it can't."""
        links = source.Links(self.repository, branch=self.branch)
        return links.colab(lab) if self.on_github else ""

    def nbgitpuller(self, hub: str, lab: str) -> str:
        """What fetches or updates the repository on a JupyterHub, and opens a lab there."""
        place = f"lab/tree/{self.name}/labs/{lab}/{lab}.ipynb"
        asked = {"repo": self.repository, "branch": self.branch, "urlpath": place}
        query = "&".join(f"{key}={quote(value, safe='')}" for key, value in asked.items())
        return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{query}"


def of_remote(remote: str, branch: str) -> Address | None:
    """The address of what git calls a remote; nothing where that is no place on the web.

    Raises:
        AddressError: the branch is no name.
    """
    match = REMOTE.fullmatch(remote.removesuffix("/"))
    path = match["path"].removesuffix(".git") if match else ""
    if not match or not PATH.fullmatch(path) or remote.startswith(("file:", "/", ".")):
        return None
    return Address(f"https://{match['host']}/{path}", branch)


def of_option(url: str, branch: str) -> Address:
    """The address that a person gave.

    Raises:
        AddressError: it is none.
    """
    found = of_remote(url, branch)
    if found is None or not url.startswith("https://"):
        raise AddressError(
            f"--url {url}: expected the address that students open, as in "
            f"https://github.com/OWNER/REPO, or {NOWHERE!r}."
        )
    return found


def first_cell(address: Address | None, package: str, size: str) -> str:
    """The code that finds the course library, or fetches it.

    Args:
        address: where it can be fetched from, if anywhere.
        package: the library's name for pip.
        size: how much would be fetched, for people.
    """
    if address is None:
        return source.FIRST_CELL.format(otherwise="", missing=UNPACK).rstrip()
    missing = source.FETCH.format(package=package, place=address.package)
    return source.FIRST_CELL.format(
        otherwise=source.FETCHED.format(size=f"{size} are"), missing=missing
    ).rstrip()


def readdressed(
    notebook: NotebookNode, lab: str, address: Address | None, code: str, profile: str
) -> NotebookNode:
    """A copy of a student notebook with the title's link to Colab, the first cell and the profile
    as published. All other cells, and all cells' ids, stay.

    Raises:
        AddressError: the notebook does not begin as ``autograde build`` writes it.
    """
    cells = [NotebookNode(cell) for cell in notebook.cells]
    tags = [cell.metadata.get("tags", []) for cell in cells[:3]]
    title, found = BADGE.subn("", cells[0].source) if cells else ("", 0)
    if not found or tags[1:] != [["bootstrap"], ["parameters"]]:
        raise AddressError(
            f"{lab}: the notebook must begin with its title, which links to Colab, the cell that "
            f"fetches the library, and the parameters. Run `autograde build --force {lab}`."
        )
    colab = address.colab(lab) if address else ""
    cells[0].source = f"{title} · [open in Colab]({colab})" if colab else title
    cells[1].source = code
    if profile:
        cells[2].source = cells[2].source.replace("PROFILE = None", f'PROFILE = "{profile}"', 1)
    return NotebookNode(notebook, cells=cells)
