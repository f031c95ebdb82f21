"""Publishing again to a folder in which somebody worked: nobody's work is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograde.publishing import folder as folders
from autograde.publishing.contents import Publication
from autograde.publishing.folder import MANIFEST, FolderError

LAB = "labs/lab01/lab01.ipynb"
NEW = "labs/lab01/lab01.new.ipynb"


def put(folder: Path, files: dict[str, str], *, overwrite: bool = False) -> dict[str, str]:
    """Publish these files; the fate of each that is not as it was."""
    new = Publication(("lab01",), None, "1", {path: text.encode() for path, text in files.items()})
    changes = folders.plan(folder, new, overwrite=overwrite)
    folders.apply(folder, new, changes)
    return {change.path: change.fate for change in changes}


def content(folder: Path) -> dict[str, str]:
    return {path: data.decode() for path, data in folders.everything(folder) if path != MANIFEST}


def test_files_are_written_updated_and_removed(tmp_path: Path) -> None:
    assert put(tmp_path, {LAB: "1", "a/b/c.py": "1"}) == {LAB: "written", "a/b/c.py": "written"}
    assert put(tmp_path, {LAB: "1", "a/b/c.py": "1"}) == {}
    assert put(tmp_path, {LAB: "2"}) == {LAB: "updated", "a/b/c.py": "removed"}
    assert content(tmp_path) == {LAB: "2"}
    assert not (tmp_path / "a").exists()


def test_what_somebody_added_stays(tmp_path: Path) -> None:
    put(tmp_path, {LAB: "1"})
    (tmp_path / "labs/lab01/notes.txt").write_text("mine")
    assert put(tmp_path, {"README.md": "1"}) == {LAB: "removed", "README.md": "written"}
    assert content(tmp_path) == {"README.md": "1", "labs/lab01/notes.txt": "mine"}


def test_what_somebody_changed_stays_and_the_new_version_lies_beside(tmp_path: Path) -> None:
    put(tmp_path, {LAB: "1"})
    (tmp_path / LAB).write_text("my answers")
    assert put(tmp_path, {LAB: "1"}) == {LAB: "kept"}
    assert put(tmp_path, {LAB: "2"}) == {LAB: "beside"}
    assert content(tmp_path) == {LAB: "my answers", NEW: "2"}
    assert put(tmp_path, {LAB: "2"}) == {LAB: "kept"}  # the offer stays until it is taken
    assert put(tmp_path, {LAB: "3"}) == {LAB: "beside"}
    assert content(tmp_path) == {LAB: "my answers", NEW: "3"}
    (tmp_path / LAB).write_text("3")  # taken over
    assert put(tmp_path, {LAB: "3"}) == {NEW: "removed"}
    assert content(tmp_path) == {LAB: "3"}


def test_an_offer_that_somebody_changed_stays_too(tmp_path: Path) -> None:
    put(tmp_path, {LAB: "1"})
    (tmp_path / LAB).write_text("my answers")
    put(tmp_path, {LAB: "2"})
    (tmp_path / NEW).write_text("my answers, merged")
    put(tmp_path, {LAB: "3"})
    assert content(tmp_path) == {
        LAB: "my answers",
        NEW: "my answers, merged",
        NEW.replace(".new", ".new2"): "3",
    }


def test_a_file_that_was_there_before_is_somebodys(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("theirs")
    assert put(tmp_path, {"README.md": "ours"}) == {"README.md": "beside"}
    assert content(tmp_path) == {"README.md": "theirs", "README.new.md": "ours"}
    assert put(tmp_path, {"README.md": "ours, 2"}, overwrite=True)["README.md"] == "replaced"
    assert content(tmp_path) == {"README.md": "ours, 2"}


def test_a_changed_file_that_is_no_longer_published_stays(tmp_path: Path) -> None:
    put(tmp_path, {LAB: "1"})
    (tmp_path / LAB).write_text("my answers")
    assert put(tmp_path, {"README.md": "1"}) == {LAB: "kept", "README.md": "written"}
    assert content(tmp_path) == {LAB: "my answers", "README.md": "1"}


def test_what_was_deleted_comes_back(tmp_path: Path) -> None:
    put(tmp_path, {LAB: "1"})
    (tmp_path / LAB).unlink()
    assert put(tmp_path, {LAB: "1"}) == {LAB: "written"}


def test_nothing_is_written_or_removed_through_a_link(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    put(inside, {LAB: "1"})
    (inside / LAB).unlink()
    (inside / "labs/lab01").rmdir()
    (inside / "labs/lab01").symlink_to(outside)
    for files in ({LAB: "2"}, {"README.md": "1"}):
        with pytest.raises(FolderError, match="is a link"):
            put(inside, files)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"files": {"../secret": "0"}}'])
def test_a_damaged_manifest_says_what_to_do(tmp_path: Path, text: str) -> None:
    put(tmp_path, {LAB: "1"})
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(FolderError, match=r"is damaged .*Delete it and publish again"):
        put(tmp_path, {LAB: "2"})
    assert content(tmp_path) == {LAB: "1"}


def test_a_folder_in_a_files_place_is_named(tmp_path: Path) -> None:
    (tmp_path / LAB).mkdir(parents=True)
    with pytest.raises(FolderError, match="in each other's place"):
        put(tmp_path, {LAB: "1"})
