"""Taking in a class's files: real folders with everything that may lie in them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograde.handing_in import files, intake
from autograde.handing_in.intake import Submission, collect
from autograde.handing_in.normalise import Limits
from autograde.handing_in.normalise.to_student import to_student
from autograde.handing_in.roster import strays

LAB = "lab01_activations"
BYTES = b'{"cells": []}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The lab's folder of one student."""
    made = tmp_path / "ada" / LAB
    made.mkdir(parents=True)
    return made


@pytest.fixture
def notebook(folder: Path) -> Path:
    """Where the notebook belongs."""
    return folder / f"{LAB}.ipynb"


def only(root: Path, limits: Limits | None = None) -> Submission:
    (submission,) = collect(root, LAB, limits=limits)
    return submission


def codes(submission: Submission) -> list[str]:
    return [flag.code for flag in submission.flags]


def snapshot(root: Path) -> list[tuple[str, int, int]]:
    every = sorted(root.rglob("*"))
    return [(str(p), p.lstat().st_mtime_ns, p.lstat().st_mode) for p in every]


def test_is_a_notebook_read_and_nothing_changed(tmp_path: Path, notebook: Path) -> None:
    notebook.write_bytes(BYTES)
    before = snapshot(tmp_path)
    assert only(tmp_path) == Submission("ada", notebook, BYTES)
    assert snapshot(tmp_path) == before


def test_do_students_come_in_order_and_is_no_one_lost(tmp_path: Path) -> None:
    for name in ("cy", "ada", "bob"):
        (tmp_path / name).mkdir()
    (tmp_path / "bob" / LAB).mkdir()
    (tmp_path / "cy" / LAB).mkdir()
    (tmp_path / "cy" / LAB / f"{LAB}.ipynb").write_bytes(BYTES)
    found = list(collect(tmp_path, LAB))
    assert [(s.student, s.handed_in, codes(s)) for s in found] == [
        ("ada", False, ["not-handed-in"]),
        ("bob", False, ["not-handed-in"]),
        ("cy", True, []),
    ]


def test_is_each_file_read_only_when_it_is_asked_for(tmp_path: Path, notebook: Path) -> None:
    """A class does not have to fit into memory."""
    notebook.write_bytes(BYTES)
    submissions = collect(tmp_path, LAB)
    notebook.write_bytes(b"later")
    assert next(submissions).data == b"later"


def link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(before)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (link, "symlink-refused"),
        (dangling, "symlink-refused"),
        (pipe, "wrong-kind"),
        (listening, "wrong-kind"),
        (Path.mkdir, "wrong-kind"),
        (Path.touch, "empty-file"),
    ],
)
def test_is_what_is_no_plain_file_refused_by_name(
    tmp_path: Path, notebook: Path, make: Callable[[Path], None], code: str
) -> None:
    make(notebook)
    found = only(tmp_path)
    assert (found.path, found.data) == (notebook, None)
    assert codes(found) == [code]
    assert found.flags[0].severity == "ungradable"
    assert notebook.name in found.flags[0].message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device file")
def test_is_a_device_refused(tmp_path: Path, notebook: Path) -> None:
    try:
        os.mknod(notebook, 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this machine lets no one make device files")
    assert codes(only(tmp_path)) == ["wrong-kind"]


@pytest.mark.parametrize("level", ["ada", f"ada/{LAB}"])
def test_are_linked_folders_not_followed(tmp_path: Path, level: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    root = tmp_path / "submitted"
    for made in (elsewhere / LAB, (root / level).parent):
        made.mkdir(parents=True)
    for place in (elsewhere, elsewhere / LAB):
        (place / f"{LAB}.ipynb").write_bytes(BYTES)
    (root / level).symlink_to(elsewhere)
    found = only(root)
    assert (found.student, found.data, codes(found)) == ("ada", None, ["symlink-refused"])


def test_is_a_file_in_place_of_the_labs_folder_refused(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / LAB).write_bytes(BYTES)
    found = only(tmp_path)
    assert codes(found) == ["wrong-kind"]
    assert "expected a folder, found a file" in found.flags[0].message


@pytest.mark.parametrize("level", [f"ada/{LAB}", f"ada/{LAB}/{LAB}.ipynb"])
def test_is_what_becomes_a_link_meanwhile_not_followed(
    level: str, tmp_path: Path, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.write_bytes(BYTES)
    opened = files._opened

    def swapped(path: Path | str, flags: int, parent: int | None) -> int:
        if Path(path).name == Path(level).name:
            real = (tmp_path / level).rename(tmp_path / "moved")
            (tmp_path / level).symlink_to(real)
        return opened(path, flags, parent)

    monkeypatch.setattr(files, "_opened", swapped)
    found = next(collect(tmp_path, LAB))
    assert (found.data, codes(found)) == (None, ["unreadable-file"])


def test_is_a_pipe_that_takes_the_files_place_refused_without_waiting(
    tmp_path: Path, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.write_bytes(BYTES)
    opened = files._opened

    def swapped(path: Path | str, flags: int, parent: int | None) -> int:
        if str(path).endswith(".ipynb"):
            notebook.unlink()
            os.mkfifo(notebook)
        return opened(path, flags, parent)

    monkeypatch.setattr(files, "_opened", swapped)
    assert codes(only(tmp_path)) == ["wrong-kind"]


def test_is_a_file_that_grows_read_no_further_than_the_limit(
    tmp_path: Path, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.write_bytes(BYTES)
    opened = files._opened

    def grown(path: Path | str, flags: int, parent: int | None) -> int:
        descriptor = opened(path, flags, parent)
        if str(path).endswith(".ipynb"):
            monkeypatch.setattr(files, "_check_file", lambda *_: notebook.write_bytes(BYTES * 9))
        return descriptor

    monkeypatch.setattr(files, "_opened", grown)
    found = only(tmp_path, Limits(max_bytes=20))
    assert (found.data, codes(found)) == (None, ["too-large"])


def test_is_a_huge_file_not_read(tmp_path: Path, notebook: Path) -> None:
    with notebook.open("wb") as file:
        file.truncate(1 << 40)  # a sparse terabyte
    found = only(tmp_path)
    assert (found.data, codes(found)) == (None, ["too-large"])
    assert "1,099,511,627,776 bytes" in found.flags[0].message


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root can read everything: be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("level", ["ada", f"ada/{LAB}", f"ada/{LAB}/{LAB}.ipynb"])
def test_is_what_can_not_be_read_told(
    level: str, tmp_path: Path, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.write_bytes(BYTES)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)  # nobody may not pass through the folders above
    (tmp_path / level).chmod(0)
    with unprivileged():
        found = only(Path("."))
    (tmp_path / level).chmod(0o700)
    assert (found.student, found.data) == ("ada", None)
    assert codes(found) == ["unreadable-file"]
    assert "Permission denied" in found.flags[0].message


@pytest.mark.parametrize("name", [f"Copy of {LAB}.ipynb", f"{LAB}.ipynb.txt"])
def test_is_the_only_notebook_taken_under_another_name(
    tmp_path: Path, folder: Path, name: str
) -> None:
    (folder / name).write_bytes(BYTES)
    found = only(tmp_path)
    assert (found.data, codes(found)) == (BYTES, ["wrong-file-name"])
    assert found.flags[0].severity == "info"


def test_is_the_right_name_taken_among_several(tmp_path: Path, notebook: Path) -> None:
    notebook.write_bytes(BYTES)
    notebook.with_name("draft.ipynb").write_bytes(b"{}")
    found = only(tmp_path)
    assert (found.data, codes(found)) == (BYTES, ["extra-notebooks"])
    assert found.extra_files == {}


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["a.ipynb", "b.IPYNB"], "several-notebooks"),
        (["answer.pdf"], "no-notebook"),
        ([".DS_Store"], "not-handed-in"),
        (["timestamp.txt", "submission_secret.txt"], "not-handed-in"),  # nbgrader's own
    ],
)
def test_is_nothing_guessed_without_the_right_name(
    tmp_path: Path, folder: Path, names: list[str], code: str
) -> None:
    for name in names:
        (folder / name).write_bytes(BYTES)
    found = only(tmp_path)
    assert (found.data, codes(found)) == (None, [code])
    assert found.handed_in == (code != "not-handed-in")


def test_does_what_is_found_instead_leave_out_what_the_student_did_not_hand_in(
    tmp_path: Path, folder: Path
) -> None:
    for name in ("lab.rar", "timestamp.txt"):
        (folder / name).write_bytes(BYTES)
    assert only(tmp_path).flags[0].message == (
        f"Expected {LAB}.ipynb, found only lab.rar. Ask for the .ipynb file, or for a zip with it."
    )


def test_is_a_notebook_in_the_students_own_folder_taken_and_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / f"{LAB}.ipynb").write_bytes(BYTES)
    found = only(tmp_path)
    assert (codes(found), found.flags[0].severity) == (["other-place"], "attention")
    assert f"Expected ada/{LAB}/{LAB}.ipynb, found {LAB}.ipynb" in found.flags[0].message
    assert found.data == BYTES


def test_are_small_plain_files_beside_the_notebook_read(tmp_path: Path, notebook: Path) -> None:
    notebook.write_bytes(BYTES)
    (notebook.parent / "helpers.py").write_bytes(b"x = 1")
    (notebook.parent / "timestamp.txt").write_bytes(b"2024-11-24")
    (notebook.parent / ".ipynb_checkpoints").mkdir()
    found = only(tmp_path)
    assert (found.extra_files, codes(found)) == ({"helpers.py": b"x = 1"}, [])


def test_are_further_files_left_out_above_the_limits_and_named(
    tmp_path: Path, notebook: Path
) -> None:
    notebook.write_bytes(BYTES)
    for name, size in (("a.py", 6), ("b.py", 6), ("c.py", 3), ("d.py", 1), ("e\n.py", 1)):
        (notebook.parent / name).write_bytes(b"#" * size)
    (notebook.parent / "passwd").symlink_to("/etc/passwd")
    (notebook.parent / "data").mkdir()
    found = only(tmp_path, Limits(max_extra_bytes=10, max_extra_files=2))
    assert list(found.extra_files) == ["a.py", "c.py"]
    (flag,) = found.flags
    assert (flag.code, found.data) == ("extra-files-skipped", BYTES)
    assert r"b.py, d.py, data, e\n.py, passwd" in flag.message


NETWORK = "network.safetensors"
EXPECTED = {NETWORK: "trained_network"}


def expecting(root: Path, limits: Limits | None = None) -> Submission:
    (submission,) = collect(root, LAB, limits=limits, expected=EXPECTED)
    return submission


def test_is_a_file_that_a_check_reads_taken_before_all_others(
    tmp_path: Path, notebook: Path
) -> None:
    notebook.write_bytes(BYTES)
    for name, size in (("a.bin", 8), (NETWORK, 6), ("z.txt", 3)):
        (notebook.parent / name).write_bytes(b"#" * size)
    found = expecting(tmp_path, Limits(max_extra_bytes=10))
    assert list(found.extra_files) == [NETWORK, "z.txt"]
    assert codes(found) == ["extra-files-skipped"]


def test_is_four_megabytes_of_weights_read_as_it_comes(tmp_path: Path, notebook: Path) -> None:
    notebook.write_bytes(BYTES)
    content = os.urandom(4 << 20)
    (notebook.parent / NETWORK).write_bytes(content)
    found = expecting(tmp_path)
    assert (found.extra_files, codes(found)) == ({NETWORK: content}, [])


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (link, "symlink-refused"),
        (dangling, "symlink-refused"),
        (pipe, "wrong-kind"),
        (listening, "wrong-kind"),
        (Path.mkdir, "wrong-kind"),
        (Path.touch, "empty-file"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 1 << 40), "too-large"),
    ],
)
def test_is_a_file_that_a_check_reads_refused_by_name_and_the_rest_taken(
    tmp_path: Path, notebook: Path, make: Callable[[Path], None], code: str
) -> None:
    notebook.write_bytes(BYTES)
    (notebook.parent / "notes.txt").write_bytes(b"x")
    make(notebook.parent / NETWORK)
    found = expecting(tmp_path)
    (flag,) = found.flags
    assert (flag.code, flag.severity, flag.cell) == (code, "attention", "trained_network")
    assert flag.message.startswith(f"{NETWORK}: ")
    assert (found.left_out, found.data) == ({NETWORK: to_student(flag)}, BYTES)
    assert found.extra_files == {"notes.txt": b"x"}


@pytest.mark.parametrize(
    "name",
    [
        "network (1).safetensors",
        "Network.SAFETENSORS",
        "network-2.safetensors",
        "Copy of network.safetensors",
        "network copy.safetensors",
    ],
)
def test_is_a_file_taken_under_the_name_that_a_second_download_gives_it(
    tmp_path: Path, notebook: Path, name: str
) -> None:
    notebook.write_bytes(BYTES)
    (notebook.parent / name).write_bytes(b"x")
    found = expecting(tmp_path)
    assert (found.extra_files, codes(found)) == ({NETWORK: b"x"}, ["wrong-file-name"])


@pytest.mark.parametrize(
    "names",
    [
        ["my_network.safetensors"],
        ["a.safetensors", "b.safetensors"],
        ["network (1).safetensors", "network (2).safetensors"],
    ],
)
def test_is_a_file_of_another_name_not_taken_but_pointed_out(
    tmp_path: Path, notebook: Path, names: list[str]
) -> None:
    notebook.write_bytes(BYTES)
    for name in names:
        (notebook.parent / name).write_bytes(b"x")
    found = expecting(tmp_path)
    (flag,) = found.flags
    assert (flag.code, flag.severity) == ("other-file-name", "attention")
    assert found.left_out == {NETWORK: to_student(flag)}
    assert ", ".join(names) in flag.message


def test_is_a_file_that_a_check_reads_missed_by_name(tmp_path: Path, notebook: Path) -> None:
    notebook.write_bytes(BYTES)
    found = expecting(tmp_path)
    (flag,) = found.flags
    assert (flag.code, flag.severity) == ("file-missing", "info")
    assert flag.message == f"Not handed in: {NETWORK}, which the check trained_network reads."


def test_is_a_file_that_a_check_reads_found_among_thousands(
    tmp_path: Path, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_NAMES", 20)
    for number in range(40):
        (notebook.parent / f"{number}.txt").touch()
    notebook.write_bytes(BYTES)
    (notebook.parent / NETWORK).write_bytes(b"x")
    assert expecting(tmp_path).extra_files == {NETWORK: b"x"}


@pytest.mark.parametrize("wanted", [True, False])
def test_are_thousands_of_files_not_looked_at(
    tmp_path: Path, notebook: Path, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_NAMES", 20)
    for number in range(40):
        (notebook.parent / f"{number}.txt").touch()
    if wanted:
        notebook.write_bytes(BYTES)
    found = only(tmp_path)
    assert found.data == (BYTES if wanted else None)
    assert codes(found) == ([] if wanted else ["too-many-files"])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (" ada", " ada"),
        ("ad\u202ea", r"ad\u202ea"),
        ("a" * 200, "a" * 60 + "…"),
    ],
)
def test_is_an_odd_name_graded_and_shown_escaped(tmp_path: Path, name: str, label: str) -> None:
    (tmp_path / name / LAB).mkdir(parents=True)
    (tmp_path / name / LAB / f"{LAB}.ipynb").write_bytes(BYTES)
    found = only(tmp_path)
    assert (found.student, found.label, found.data) == (name, label, BYTES)
    assert codes(found) == ["odd-student-name"]
    assert found.flags[0].message.isprintable()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ada\x1b[31m", r"ada\x1b[31m"),
        ("ada\n", r"ada\n"),
        ("*", "*"),
        (os.fsdecode(b"\xff"), r"\udcff"),
    ],
)
def test_is_a_name_that_nbgrader_can_not_keep_told_and_not_taken(
    tmp_path: Path, name: str, label: str
) -> None:
    (tmp_path / name / LAB).mkdir(parents=True)
    (tmp_path / name / LAB / f"{LAB}.ipynb").write_bytes(BYTES)
    assert list(collect(tmp_path, LAB)) == []
    (flag,) = strays(tmp_path)
    assert flag.code == "unusable-student-name"
    assert label in flag.message


@pytest.mark.parametrize("name", ["Ада Лавлейс", "o'neill", "a+b@c.org"])
def test_is_an_ordinary_name_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name / LAB).mkdir(parents=True)
    (tmp_path / name / LAB / f"{LAB}.ipynb").write_bytes(BYTES)
    assert codes(only(tmp_path)) == []


def test_are_files_among_the_students_named_and_hidden_ones_ignored(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".DS_Store").touch()
    assert (list(collect(tmp_path, LAB)), strays(tmp_path)) == ([], ())
    (tmp_path / "bob.ipynb").touch()
    (flag,) = strays(tmp_path)
    assert flag.code == "stray-file"
    assert "bob.ipynb" in flag.message
    assert list(collect(tmp_path, LAB)) == []


def test_is_a_missing_folder_of_submissions_named(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match=f"STUDENT/{LAB}/{LAB}.ipynb"):
        collect(tmp_path / "nowhere", LAB)


@pytest.mark.parametrize("lab", ["", "../x", ".", ".hidden", "a/b", "a\0b"])
def test_is_a_lab_that_is_no_plain_name_refused(tmp_path: Path, lab: str) -> None:
    with pytest.raises(ValueError, match="no name of a lab"):
        collect(tmp_path, lab)
