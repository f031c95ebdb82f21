"""The command that gives the labs to students: publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.cli.common import FOUND
from autograde.errors import DesignedError

FATES = ("written", "updated", "replaced", "removed")


def publish(
    target: Annotated[
        str, typer.Argument(help="A folder, or a repository's address, to which it is pushed.")
    ],
    labs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Labs to publish besides those that are there. Default: those, else all."
        ),
    ] = None,
    profile: Annotated[
        Literal["quick", "full", "auto"] | None,
        typer.Option(
            help="What notebooks begin with; auto is by the machine. Default: as before, else auto."
        ),
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            help="Where students find it, https://github.com/OWNER/REPO, or none. Default: as "
            "before, or where the checkout came from."
        ),
    ] = "",
    branch: Annotated[
        str, typer.Option(help="Its branch. Default: the one checked out, else main.")
    ] = "",
    zip_file: Annotated[
        Path | None, typer.Option("--zip", help="Write the same files to a zip, for an LMS.")
    ] = None,
    hub: Annotated[
        str, typer.Option(help="A JupyterHub's address: print nbgitpuller's link for each lab.")
    ] = "",
    only: Annotated[
        bool, typer.Option("--only", help="Take labs back that are not named.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that somebody changed.")
    ] = False,
    accept_found: Annotated[
        bool,
        typer.Option(
            "--accept-found", help="Whatever secrets files of others there, or the history, hold."
        ),
    ] = False,
    classroom: Annotated[
        bool | None,
        typer.Option(
            help="With a workflow that reports points on every push. Default: as before, else not."
        ),
    ] = None,
    language: Annotated[
        str, typer.Option(help="Language of the prose. Default: as before, else en.")
    ] = "",
) -> None:
    """Write what students get, labs and library, without a secret; push it, if it has an address.

    What somebody changed there stays; the new version then lies beside it. Publishing again
    updates what nobody changed.
    """
    from autograde.publishing import publish as publishing
    from autograde.reports.show import console

    wish = publishing.Wish(
        tuple(labs or ()),
        url,
        branch,
        profile or "",
        only=only,
        overwrite=overwrite,
        accept=accept_found,
        archive=zip_file,
        language=language,
        classroom=classroom,
    )
    if hub and not hub.startswith(("https://", "http://")):
        raise DesignedError(f"--hub {hub}: expected an address, as in https://hub.example.org.")
    out, course = console(), trees.find()
    with out.status("building and checking what students get"):
        done = publishing.publish(course, target, wish)
    _say(out, done, target)
    if zip_file:
        size = zip_file.stat().st_size / 1e6
        out.print(f"The zip for an LMS: {escape(str(zip_file))}, {size:.1f} MB", soft_wrap=True)
    if hub:
        _say_links(out, done, hub)
    if done.counts["beside"]:
        raise typer.Exit(FOUND)


def _say(out: Any, done: Any, target: str) -> None:
    new, counts = done.publication, done.counts
    files = ", ".join(f"{counts[fate]} {fate}" for fate in FATES if counts[fate])
    out.print(f"{escape(target)}: {', '.join(new.labs)}", soft_wrap=True)
    place = (
        f"{new.address.repository}, branch {new.address.branch}" if new.address else "a zip only"
    )
    out.print(f"version {new.version}; for {escape(place)}", soft_wrap=True)
    out.print(f"files: {files or 'nothing new'}; no secret found")
    for change in done.changes:
        if change.fate == "beside":
            out.print(
                f"[yellow]changed by somebody[/]: {escape(change.path)} stays; its new version is "
                f"{escape(change.beside)}. Take over what you want, and delete that.",
                soft_wrap=True,
            )
        elif change.fate == "kept":
            out.print(f"changed by somebody, stays: {escape(change.path)}", soft_wrap=True)
    if done.pushed:
        out.print("Committed and pushed.")
    elif done.changes and (Path(target) / ".git").exists():
        out.print("Next: look at it, commit it and push it.")


def _say_links(out: Any, done: Any, hub: str) -> None:
    new = done.publication
    if new.address is None:
        raise DesignedError("--hub: nbgitpuller fetches from a repository; name its --url.")
    out.print("Links for students, who get later versions by the same ones:")
    for lab in new.labs:
        out.print(f"{lab}: {escape(new.address.nbgitpuller(hub, lab))}", soft_wrap=True)
