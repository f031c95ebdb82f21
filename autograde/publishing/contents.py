"""What students get, as files in memory: labs, the library behind them, and how to begin."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import nbformat

from autograde.authoring import build, readme, stored
from autograde.errors import DesignedError
from autograde.publishing.address import Address, first_cell, readdressed
from autograde.tree import Tree

LAB = re.compile(r"lab\d\d_\w+")
CLASSROOM = ".github/workflows/classroom.yml"
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
EPOCH = (1980, 1, 1, 0, 0, 0)  # files in a zip have a date; the same contents give the same zip
GET = "Get the folder with `git clone {0}`, or as a zip from there."
UNPACK = "Unpack the zip."
HAND_IN = """\
The last cell of each notebook looks at it, says what to fix, and packs the one file to hand in.
In a terminal, `python -m course handin {0}` does that, too."""


class NotReady(DesignedError):
    """The course can't be published as it stands; the message says what to do first."""


@dataclass(frozen=True)
class Publication:
    """All that students get of some labs."""

    labs: tuple[str, ...]
    address: Address | None
    version: str
    files: Mapping[str, bytes]
    """By path, with slashes."""
    profile: str = ""
    """That notebooks begin with; empty where the machine decides."""
    language: str = "en"

    def zipped(self) -> bytes:
        """The same files as a zip, in one folder."""
        return zipped({f"{self._folder}/{path}": data for path, data in self.files.items()})

    @cached_property
    def _folder(self) -> str:
        project = tomllib.loads(self.files["pyproject.toml"].decode())["project"]
        return self.address.name if self.address else str(project["name"])


def zipped(files: Mapping[str, bytes], programs: Container[str] = ()) -> bytes:
    """A zip of files by path; ``programs`` may be run."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if path in programs else 0o644) << 16
            archive.writestr(entry, data)
    return made.getvalue()


def publication(
    tree: Tree,
    labs: list[str],
    address: Address | None,
    profile: str = "",
    language: str = "en",
    *,
    classroom: bool = False,
) -> Publication:
    """What students get of these labs, as they are built: see :func:`refuse_old`.

    Raises:
        NotReady: the course lacks what a publication is made of.
        AddressError: a notebook does not begin as it must.
    """
    about = _about(tree)
    files = dict(library(tree, labs, about["data"]))
    size = f"{max(1, round(sum(map(len, files.values())) / 1e6))} MB"
    code = first_cell(address, about["name"], size)
    books = {}
    for lab in labs:
        book = nbformat.read(tree.student(lab), as_version=4)
        made = nbformat.writes(readdressed(book, lab, address, code, profile))
        books[f"labs/{lab}/{lab}.ipynb"] = f"{made}\n".encode()
    version = f"{about['version']}+h{_digest({**files, **books})}"
    files["course/__init__.py"] = _stamped(files["course/__init__.py"], version)
    licence = {"LICENSE": (tree.root / "LICENSE").read_bytes()}
    if classroom:
        files[CLASSROOM] = _template("classroom.yml").encode()
    begin = dict(_beginnings(tree, labs, address, {**about, "version": version}))
    ordered = dict(sorted({**begin, **licence, **files, **books}.items()))
    return Publication(tuple(labs), address, version, ordered, profile, language)


def refuse_old(tree: Tree, labs: list[str], language: str) -> None:
    """See that labs are built from their source as it is now.

    Raises:
        NotReady: one is not.
    """
    for lab in labs:
        if not tree.student(lab).is_file():
            raise NotReady(f"{lab} is not built yet: run `autograde build {lab}`.")
        notebooks = build.differences(tree, build.expected(tree, lab, language))
        if found := notebooks or stored.differences(tree, lab):
            raise NotReady(
                f"{lab} is not as its source says ({found[0]}): run `autograde build {lab}`, and "
                "publish again."
            )


def _about(tree: Tree) -> dict[str, Any]:
    """What the course's own project says that its students' project says too."""
    path = tree.root / "pyproject.toml"
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
        project, tools = settings["project"], settings["tool"]["setuptools"]
        return {
            "name": project["name"],
            "version": project["version"],
            "python": project["requires-python"],
            "license": project["license"],
            "dependencies": project["dependencies"],
            "lab": project["optional-dependencies"]["lab"],
            "data": tools["package-data"]["course"],
        }
    except (OSError, ValueError, KeyError) as error:
        raise NotReady(
            f"{path}: {type(error).__name__}, {error}. What students install is taken from it: it "
            "needs a project with name, version, requires-python, license, dependencies, the "
            "extra `lab`, and tool.setuptools.package-data of `course`."
        ) from None


def library(tree: Tree, labs: list[str], data: list[str]) -> Iterator[tuple[str, bytes]]:
    """``course``: its code, and the data that its wheel has; of labs, only those that are meant."""
    top = tree.root / "course"
    found = {path for pattern in ("**/*.py", *data) for path in top.glob(pattern)}
    for path in sorted(found):
        inside = path.relative_to(top).parts
        lab = inside[1] if inside[0] == "labs" and len(inside) > 2 else ""
        if path.is_file() and not (LAB.fullmatch(lab) and lab not in labs):
            yield f"course/{'/'.join(inside)}", path.read_bytes()


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, data in sorted(files.items()):
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:8]


def _stamped(code: bytes, version: str) -> bytes:
    text, found = VERSION.subn(f'__version__ = "{version}"', code.decode())
    if found != 1:
        raise NotReady('course/__init__.py has no line `__version__ = "…"`: write one.')
    return text.encode()


def _beginnings(
    tree: Tree, labs: list[str], address: Address | None, about: dict[str, Any]
) -> Iterator[tuple[str, bytes]]:
    """The page that students see first, and what sets their machine up."""
    page = (tree.root / "README.md").read_text("utf-8")
    title = next((line[2:] for line in page.split("\n") if line.startswith("# ")), about["name"])
    colab = (
        "**In Colab**: click a badge, then File → Save a copy in Drive, else your work is lost.\n\n"
    )
    texts = {
        "title": title,
        "table": readme.table(tree, labs, address.colab if address else None).rstrip(),
        "colab": colab if address and address.on_github else "",
        "get": GET.format(address.repository) if address else UNPACK,
        "hand_in": _hand_in(tree, labs),
        "version": about["version"],
    }
    strings = {key: json.dumps(value) for key, value in about.items()}
    strings["description"] = json.dumps(f"{title}: the labs' library", ensure_ascii=False)
    urls = f"\n[project.urls]\nRepository = {json.dumps(address.repository)}\n" if address else ""
    yield "README.md", Template(_template("README.md")).substitute(texts).encode()
    filled = Template(_template("project.toml")).substitute(strings, urls=urls)
    yield "pyproject.toml", filled.encode()
    yield "Makefile", _template("Makefile").encode()
    yield ".gitignore", _template("gitignore").encode()


def _template(name: str) -> str:
    return resources.files("autograde.publishing").joinpath("templates", name).read_text("utf-8")


def _hand_in(tree: Tree, labs: list[str]) -> str:
    lines = [HAND_IN.format(labs[0])]
    for lab in labs:
        if names := sorted(stored.handed_in(tree, lab)):
            files = " and ".join(f"`{name}`" for name in names)
            lines.append(f"For `{lab}` it also holds {files}, from the notebook's folder.")
    return "\n".join(lines)


def place(path: str) -> Path:
    """A path of a publication as one of this machine; it leads nowhere but down."""
    parts = path.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\\" in path:
        raise ValueError(path)
    return Path(*parts)
