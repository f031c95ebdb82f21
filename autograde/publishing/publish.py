"""Publish labs: to a folder, or to a repository that students clone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from autograde.errors import DesignedError
from autograde.publishing import address as addresses
from autograde.publishing import folder as folders
from autograde.publishing import git
from autograde.publishing.address import Address
from autograde.publishing.contents import CLASSROOM, Publication, publication, refuse_old
from autograde.publishing.folder import Change, Manifest
from autograde.publishing.secrets import Secrets
from autograde.tree import Tree

SHOWN = 20  # finds that a message lists
BY_MACHINE = "auto"
OURS = ("solutions", "autograde")  # folders that only the instructors' course has


class PublishError(DesignedError):
    """Nothing was published; the message says why, and what to do."""


class Leak(PublishError):
    """Students could have read what is secret; nothing was published."""

    exit_code = 1


@dataclass(frozen=True)
class Wish:
    """What to publish, and how.

    Attributes:
        labs: their names; none means those that are published there, else all.
        url: the address that students open, ``"none"``, or nothing: as git says, or as before.
        branch: of that address; nothing: as it is checked out, else ``main``.
        profile: that the notebooks begin with, or ``auto``, by the student's machine; nothing: as
            before.
        only: take back what is published there and not named.
        overwrite: put ours in the place of files that somebody changed.
        accept: publish although files of others there, or the history, hold secrets.
        archive: where to write the same files as a zip.
        language: of the prose; nothing: as before, else ``en``.
        classroom: with a workflow that reports the points of each push; None: as before.
    """

    labs: tuple[str, ...] = ()
    url: str = ""
    branch: str = ""
    profile: str = ""
    only: bool = False
    overwrite: bool = False
    accept: bool = False
    archive: Path | None = None
    language: str = ""
    classroom: bool | None = None


@dataclass(frozen=True)
class Outcome:
    """What was published, and what happened to each file that is not as it was."""

    publication: Publication
    changes: tuple[Change, ...]
    pushed: bool = False

    @property
    def counts(self) -> Counter[str]:
        """How many files had which fate."""
        return Counter(change.fate for change in self.changes)


def publish(tree: Tree, target: str, wish: Wish) -> Outcome:
    """Write what students get to a folder, or commit and push it to a repository's address.

    Raises:
        Leak: students could read a secret.
        PublishError: the target can't take it.
        NotReady: a lab is not built.
        AddressError: no address, or none that students could open.
        GitError: git refused.
    """
    if wish.archive and not wish.archive.parent.is_dir():
        raise PublishError(f"--zip {wish.archive}: there is no folder {wish.archive.parent}.")
    if not git.is_url(target):
        if addresses.of_remote(target, "main") and not Path(target).exists():
            raise PublishError(
                f"{target}: is this an address? Then write https://{target}. If it is to be a "
                "folder, make it first."
            )
        folder = Path(target).resolve()
        if git.is_bare(folder):
            raise PublishError(
                f"{target} is a bare repository, which has no files to write to: to push to it, "
                f"write file://{folder}."
            )
        return _fill(tree, folder, wish)
    with TemporaryDirectory() as place:
        folder = Path(place).resolve() / "clone"
        git.clone(target, wish.branch, folder)
        outcome = _fill(tree, folder, wish, target)
        git.commit(folder, f"Publish {', '.join(outcome.publication.labs)}")
        return Outcome(outcome.publication, outcome.changes, git.push(folder))


def _fill(tree: Tree, folder: Path, wish: Wish, url: str = "") -> Outcome:
    """Publish to a folder, which for a repository's address ``url`` is a clone of it."""
    _refuse_ours(tree, folder)
    earlier = Manifest.of(folder)
    labs = _labs(tree, wish, earlier)
    address = _address(wish, earlier, url or git.origin(folder), git.branch(folder))
    profile = (wish.profile or earlier.profile).replace(BY_MACHINE, "")
    language = wish.language or earlier.language or "en"
    refuse_old(tree, labs, language)
    classroom = CLASSROOM in earlier.files if wish.classroom is None else wish.classroom
    new = publication(tree, labs, address, profile, language, classroom=classroom)
    changes = folders.plan(folder, new, overwrite=wish.overwrite)
    _refuse_conflicts(changes, url)
    archive = new.zipped() if wish.archive else b""
    _refuse_leaks(Secrets.of(tree), folder, new, changes, wish)
    folders.apply(folder, new, changes)
    if wish.archive:
        wish.archive.write_bytes(archive)
    return Outcome(new, tuple(changes))


def _refuse_ours(tree: Tree, folder: Path) -> None:
    root = tree.root.resolve()
    inside = [root / name for name in ("course", "labs", "tests", *OURS)]
    theirs = [name for name in OURS if (folder / name).exists()]
    if (
        folder == root
        or folder in root.parents
        or theirs
        or any(map(folder.is_relative_to, inside))
    ):
        raise PublishError(
            f"{folder} is the instructors' course, or holds or belongs to one: students must not "
            "have it. Name a folder or a repository of their own."
        )
    if folder.exists() and not folder.is_dir():
        raise PublishError(f"{folder} is a file: name a folder, new or of an earlier publishing.")


def _labs(tree: Tree, wish: Wish, earlier: Manifest) -> list[str]:
    named = tree.chosen(list(wish.labs)) if wish.labs else []
    if wish.only and named:
        return sorted(named)
    there = [lab for lab in earlier.labs if lab in tree.lab_names()]
    labs = sorted({*named, *there}) or tree.lab_names()
    if not labs:
        raise PublishError(f"{tree.root} has no labs: begin one with `autograde new`.")
    return labs


def _address(wish: Wish, earlier: Manifest, remote: str, there: str) -> Address | None:
    branch = wish.branch or there or earlier.branch or "main"
    if wish.url:
        return None if wish.url == addresses.NOWHERE else addresses.of_option(wish.url, branch)
    before = Address(earlier.repository, branch) if earlier.repository else None
    now = addresses.of_remote(remote, branch)
    if before and now and before != now:
        raise addresses.AddressError(
            f"Where will students find it? It was published for {before.repository} and lies in "
            f"{now.repository} now. Name the one that students open: --url {now.repository}."
        )
    if before or now or earlier.labs:
        return now or before
    raise addresses.AddressError(
        "where will students find it? Name it: --url https://github.com/OWNER/REPO, which links to "
        "Colab and the library are made from; or --url none, where they get a zip alone."
    )


def _refuse_conflicts(changes: Iterable[Change], url: str) -> None:
    changed = [change.path for change in changes if change.fate == "beside"]
    if url and changed:
        raise PublishError(
            f"Nothing was pushed: {', '.join(changed)} in the repository was not written by "
            "publishing, or was changed since. Take --overwrite to put ours in its place (git "
            "keeps the old one); or publish to a clone's folder, where ours will lie beside it."
        )


def _refuse_leaks(
    secrets: Secrets, folder: Path, new: Publication, changes: Iterable[Change], wish: Wish
) -> None:
    if found := [*islice(_found(secrets, new), SHOWN)]:
        raise Leak(_told("Not published: students could read what is secret.", found))
    if wish.accept:
        return
    going = {one.path for one in changes if one.fate in ("updated", "replaced", "removed")}
    others = (
        find
        for path, data in folders.everything(folder)
        if path not in going and new.files.get(path) != data and path != folders.MANIFEST
        for find in secrets.found(path, data)
    )
    if found := [*islice(others, SHOWN)]:
        what = (
            f"Not published to {folder}: this lies there already, and students could read it. "
            "Remove it; if it is an answer that only its author sees: --accept-found."
        )
        raise Leak(_told(what, found))
    if not (folder / ".git").exists():
        return
    ours = set(new.files.values())
    past = (
        find
        for path, data in git.history(folder)
        if data not in ours
        for find in secrets.found(path, data)
    )
    if found := [*islice(past, SHOWN)]:
        what = (
            "Not published: the repository's history holds what is secret, and whoever clones it "
            "can read that. Begin a new repository; if it is no secret any more: --accept-found."
        )
        raise Leak(_told(what, found))


def _found(secrets: Secrets, new: Publication) -> Iterator[str]:
    for path, data in new.files.items():
        yield from secrets.found(path, data)
        if path.endswith(".ipynb"):
            cells = enumerate(json.loads(data)["cells"], start=1)
            yield from (f"{path}, cell {n} has outputs" for n, one in cells if one.get("outputs"))


def _told(what: str, found: list[str]) -> str:
    more = ["  and perhaps more"] if len(found) == SHOWN else []
    return "\n".join([what, *(f"  {one[:300]}" for one in found), *more])
