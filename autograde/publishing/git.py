"""The repository that students clone: fetched whole, looked through, added to, pushed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from autograde.errors import DesignedError

URL = re.compile(r"\w[\w+.-]*://\S+|[\w.-]+@[\w.-]+:\S+")
SIGNED = re.compile(r"(?<=://)[^/@\s]+@")  # a name and a token in an address
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
WANTED = "--branches", "--tags", "--remotes"  # what others may come to see; no stash


class GitError(DesignedError):
    """git refused; the message has its words, and what to do."""


def is_url(target: str) -> bool:
    """Whether it names a repository elsewhere, and no folder here."""
    return bool(URL.fullmatch(target))


def is_bare(folder: Path) -> bool:
    """Whether it is a repository without files of its own, as others push to."""
    return (folder / "HEAD").is_file() and all(
        (folder / name).is_dir() for name in ("objects", "refs")
    )


def run(folder: Path, *words: str, advice: str = "") -> str:
    """What git prints.

    Raises:
        GitError: git failed, or is not there; ``advice`` says what to do.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            env=_environment(),
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        raise GitError("no command 'git' was found: install git, or name a folder.") from None
    if done.returncode:
        said = SIGNED.sub("", done.stderr.strip() or done.stdout.strip())
        raise GitError(f"git {words[0]} failed. {advice}\n{said}".replace(" \n", "\n"))
    return done.stdout.strip()


def clone(url: str, wanted: str, folder: Path) -> None:
    """Fetch a repository, all of its history, and check a branch out, which may not be there yet;
    without a wish the one that others get first.

    Raises:
        GitError: it can't be fetched.
    """
    shown = SIGNED.sub("", url)
    run(
        folder.parent,
        *("clone", "--quiet", "--no-checkout", "--", url, str(folder)),
        advice=f"Can you open {shown}? An empty repository must be made there first, and git must "
        "know you: try `git ls-remote` with it.",
    )
    name = wanted or branch(folder) or "main"
    if run(folder, "branch", "--list", "--remotes", f"origin/{name}"):
        run(folder, "checkout", "--quiet", "-B", name, f"origin/{name}")
    else:
        run(folder, "symbolic-ref", "HEAD", f"refs/heads/{name}")
        run(folder, "read-tree", "--empty")


def commit(folder: Path, message: str) -> bool:
    """Commit all that is in the folder; False where nothing is new.

    Raises:
        GitError: git does not know who commits.
    """
    run(folder, "add", "--all", "--force")
    if not run(folder, "status", "--porcelain"):
        return False
    run(
        folder,
        *("commit", "--quiet", "--message", message),
        advice="Does git know your name? `git config --global user.name NAME`, and user.email.",
    )
    return True


def push(folder: Path) -> bool:
    """Send the branch where it was fetched from; False where nothing is new there.

    Raises:
        GitError: it was refused: it moved on meanwhile, or you may not.
    """
    name = run(folder, "symbolic-ref", "--short", "HEAD")
    tip = run(folder, "rev-parse", "HEAD")
    if tip in run(folder, "for-each-ref", "--format=%(objectname)", f"refs/remotes/origin/{name}"):
        return False
    run(
        folder,
        *("push", "--quiet", "origin", f"HEAD:refs/heads/{name}"),
        advice="Nothing was pushed. If somebody else pushed meanwhile, publish again; else see "
        "whether you may push there.",
    )
    return True


def branch(folder: Path) -> str:
    """What is checked out; nothing in no checkout, and before the first commit."""
    if not (folder / ".git").exists():
        return ""
    try:
        run(folder, "rev-parse", "--verify", "HEAD")
        return run(folder, "symbolic-ref", "--short", "HEAD")
    except GitError:
        return ""


def origin(folder: Path) -> str:
    """Where a checkout was cloned from; nothing where it is none, or from nowhere."""
    if not (folder / ".git").exists():
        return ""
    try:
        return run(folder, "remote", "get-url", "origin")
    except GitError:
        return ""


def history(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All that was ever committed: files by path, and the messages of commits."""
    listed = run(folder, "rev-list", "--objects", *WANTED).split("\n")
    names = {name: path for name, _, path in (line.partition(" ") for line in listed if line)}
    with TemporaryFile() as asked, TemporaryFile() as given:
        asked.write("".join(f"{name}\n" for name in names).encode())
        asked.seek(0)
        batch = ["git", "-C", str(folder), "cat-file", "--batch"]
        subprocess.run(batch, env=_environment(), stdin=asked, stdout=given, check=True)
        given.seek(0)
        while head := given.readline().split():
            name, kind, size = head[0].decode(), head[1], int(head[2])
            data = given.read(size)
            given.read(1)
            if kind == b"blob":
                yield names[name] or name, data
            elif kind in (b"commit", b"tag"):
                yield f"{kind.decode()} {name[:10]}", data


def _environment() -> dict[str, str]:
    """Ours, without the repository that a hook of another one would have us work on."""
    return {key: value for key, value in os.environ.items() if key not in ELSEWHERE}
