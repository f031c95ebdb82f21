"""Opening archives of strangers: what is bad in one is named, the rest is taken."""

from __future__ import annotations

import gzip
import io
import os
import signal
import stat
import struct
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from autograde.handing_in.collecting.archives import Opened
from autograde.handing_in.collecting.bounds import NOT_TAKEN, Bounds, Trouble
from autograde.handing_in.collecting.reading import content
from autograde.reports.collected import troubles
from tests.depths import deep

GOOD = b'{"cells": []}'


def opened(tmp_path: Path, source: Path, bounds: Bounds | None = None) -> Opened:
    spool = tmp_path / "spool"
    spool.mkdir(exist_ok=True)
    one = Opened(spool, bounds or Bounds())
    one.take(source)
    return one


def taken(one: Opened) -> dict[str, bytes]:
    (members,) = one.members.values()
    found = {"/".join(member.path): content(member) for member in members}
    return {name: data for name, data in found.items() if not name.endswith(NOT_TAKEN)}


def noted(one: Opened) -> list[str]:
    """Whose work was refused: a note stands in its place."""
    (members,) = one.members.values()
    return [m.path[0] for m in members if m.path[-1].endswith(NOT_TAKEN)]


def told(one: Opened) -> list[str]:
    return [str(trouble) for trouble in one.troubles]


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def as_link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../evil.ipynb", "leads out of the archive"),
        ("a/../../evil.ipynb", "leads out of the archive"),
        ("..\\evil.ipynb", "leads out of the archive"),
        ("/etc/evil.ipynb", "absolute path"),
        ("C:\\evil.ipynb", "absolute path"),
        ("a\x1b[2Jb.ipynb", "control characters"),
        ("x" * 2000 + ".ipynb", "2,006 characters"),
    ],
)
def test_is_a_bad_name_refused_and_the_rest_taken(tmp_path: Path, name: str, why: str) -> None:
    source = zipped(tmp_path / "in.zip", {name: b"evil", "anna/lab.ipynb": GOOD})
    one = opened(tmp_path, source)
    assert taken(one) == {"anna/lab.ipynb": GOOD}
    assert len(told(one)) == 1
    assert why in told(one)[0]
    assert not list(tmp_path.rglob("evil*"))


def test_are_links_and_devices_refused(tmp_path: Path) -> None:
    source = tmp_path / "in.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(as_link("anna/lab.ipynb"), "/etc/passwd")
        archive.writestr("boris/lab.ipynb", GOOD)
    one = opened(tmp_path, source)
    assert taken(one) == {"boris/lab.ipynb": GOOD}
    assert "symbolic link" in told(one)[0]
    with tarfile.open(tmp_path / "in.tar.gz", "w:gz") as tar:
        for name, kind in (("s", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("d", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(f"anna/{name}")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        info = tarfile.TarInfo("boris/lab.ipynb")
        info.size = len(GOOD)
        tar.addfile(info, io.BytesIO(GOOD))
        info = tarfile.TarInfo("../up.ipynb")
        tar.addfile(info)
    one = opened(tmp_path, tmp_path / "in.tar.gz")
    assert taken(one) == {"boris/lab.ipynb": GOOD}
    assert len(told(one)) == 4


def test_are_links_in_a_folder_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "anna").mkdir(parents=True)
    (folder / "anna" / "lab.ipynb").symlink_to("/etc/passwd")
    (folder / "boris").symlink_to("/etc")
    os.mkfifo(folder / "anna" / "pipe")
    (folder / "anna" / "a.ipynb").write_bytes(GOOD)
    one = opened(tmp_path, folder)
    assert taken(one) == {"anna/a.ipynb": GOOD}
    assert len(told(one)) == 3


def test_is_a_bomb_not_unpacked(tmp_path: Path) -> None:
    source = zipped(tmp_path / "in.zip", {"anna/lab.ipynb": bytes(30_000_000), "b/l.ipynb": GOOD})
    one = opened(tmp_path, source)
    assert taken(one) == {"b/l.ipynb": GOOD}
    assert "no honest file" in told(one)[0]
    assert noted(one) == ["anna"]
    assert sum(path.stat().st_size for path in (tmp_path / "spool").iterdir()) < 1000


@pytest.mark.parametrize(
    "bounds", [Bounds(file_bytes=1000), Bounds(total_bytes=1000)], ids=["one file", "all"]
)
def test_are_sizes_bounded_also_where_the_archive_lies_about_them(
    tmp_path: Path, bounds: Bounds
) -> None:
    source = zipped(tmp_path / "in.zip", {"b/l.ipynb": GOOD, "anna/lab.ipynb": os.urandom(2000)})
    one = opened(tmp_path, source, bounds)
    assert taken(one) == {"b/l.ipynb": GOOD}
    data = bytearray(source.read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # the sizes that it tells
        place = data.rindex(mark) + at
        data[place : place + 4] = struct.pack("<I", 10)
    source.write_bytes(data)
    one = opened(tmp_path, source, bounds)
    assert taken(one) == {"b/l.ipynb": GOOD}
    assert len(told(one)) == 1


def test_are_packed_tars_bounded(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "in.tar.xz", "w:xz") as tar:
        info = tarfile.TarInfo("anna/lab.ipynb")
        info.size = 30_000_000
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    one = opened(tmp_path, tmp_path / "in.tar.xz", Bounds(total_bytes=1_000_000))
    assert taken(one) == {}
    assert "larger than it says" in told(one)[0]


def test_is_a_flood_of_files_bounded(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}", b"")
    source = zipped(tmp_path / "in.zip", {"anna/all.zip": inner.getvalue(), "b/l.ipynb": GOOD})
    one = opened(tmp_path, source, Bounds(members=100))
    assert "b/l.ipynb" in taken(one)
    assert any("at most 100" in text for text in told(one))


def test_is_an_archive_in_an_archive_opened_but_not_for_ever(tmp_path: Path) -> None:
    data = GOOD
    for number in range(6):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("lab.ipynb" if number == 0 else "deeper.zip", data)
        data = inner.getvalue()
        if number == 0:
            first = data
    source = zipped(tmp_path / "in.zip", {"anna/handin.zip": first, "boris/handin.zip": data})
    one = opened(tmp_path, source)
    found = taken(one)
    assert found["anna/handin.zip/lab.ipynb"] == GOOD
    assert any(name.startswith("boris/") for name in found)  # kept as it is: nobody is lost
    assert any("in an archive in an archive" in text for text in told(one))


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("work.rar", b"Rar!\x1a\x07\x01\x00rest", "RAR archive"),
        ("work.7z", b"7z\xbc\xaf\x27\x1crest", "7z archive"),
        ("work.zip", b"no zip at all", "no archive that can be read"),
    ],
)
def test_is_an_archive_of_another_kind_kept_and_named(
    tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    one = opened(tmp_path, zipped(tmp_path / "in.zip", {f"anna/{name}": data}))
    assert taken(one) == {f"anna/{name}": data}
    assert why in told(one)[0]


def test_is_a_password_told(tmp_path: Path) -> None:
    source = zipped(tmp_path / "in.zip", {"anna/lab.ipynb": GOOD})
    data = bytearray(source.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[data.index(b"PK\x03\x04") + 6] |= 1
    source.write_bytes(data)
    one = opened(tmp_path, source)
    assert "password" in told(one)[0]
    assert noted(one) == ["anna"]


def test_are_both_files_of_one_name_kept(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("anna/lab.ipynb", b"first")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("anna/lab.ipynb", b"second")
        archive.writestr("Anna/LAB.ipynb", b"third")
    one = opened(tmp_path, tmp_path / "in.zip")
    assert taken(one) == {
        "anna/lab.ipynb": b"first",
        "anna/lab (2).ipynb": b"second",
        "Anna/LAB (3).ipynb": b"third",
    }
    assert all("both are kept" in text for text in told(one))


def test_are_files_of_systems_passed_over(tmp_path: Path) -> None:
    names = ("__MACOSX/anna/._lab.ipynb", "anna/.DS_Store", "anna/.ipynb_checkpoints/lab.ipynb",
             "anna/._lab.ipynb", "anna/.git/config")  # fmt: skip
    members = {**dict.fromkeys(names, b"junk"), "anna/lab.ipynb": GOOD}
    one = opened(tmp_path, zipped(tmp_path / "in.zip", members))
    assert (taken(one), told(one), one.junk) == ({"anna/lab.ipynb": GOOD}, [], 5)


def test_is_a_name_in_utf8_read_although_the_archive_does_not_say_so(tmp_path: Path) -> None:
    name = "Анна Мюллер_7_assignsubmission_file_/lab.ipynb"
    source = zipped(tmp_path / "in.zip", {name: GOOD})
    data = bytearray(source.read_bytes())
    data[data.index(b"PK\x01\x02") + 9] &= ~8
    data[data.index(b"PK\x03\x04") + 7] &= ~8
    source.write_bytes(data)
    assert taken(opened(tmp_path, source)) == {name: GOOD}


def test_do_marks_of_direction_lose_nobody(tmp_path: Path) -> None:
    name = "\u200fدانا\u00a0لوي_7_assignsubmission_file_/lab\u202egnp.ipynb"
    one = opened(tmp_path, zipped(tmp_path / "in.zip", {name: GOOD}))
    assert taken(one) == {"دانا لوي_7_assignsubmission_file_/labgnp.ipynb": GOOD}


def test_is_a_long_name_shortened_and_its_kind_kept(tmp_path: Path) -> None:
    one = opened(tmp_path, zipped(tmp_path / "in.zip", {f"anna/{'ы' * 300}.ipynb": GOOD}))
    (name,) = taken(one)
    assert name.endswith("ы.ipynb")
    assert len(name.encode()) < 255


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_do_many_files_of_one_name_cost_as_many_times_as_they_are(tmp_path: Path) -> None:
    times = []
    for number in (1000, 4000):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for _ in range(number):
                archive.writestr(zipfile.ZipInfo("same.ipynb"), GOOD)
        runs = []
        for _ in range(3):  # the best of three: other things may come between
            begun = time.process_time()
            assert len(taken(opened(tmp_path, path))) == number
            runs.append(time.process_time() - begun)
        times.append(min(runs))
    assert times[1] < 8 * times[0]  # four times; sixteen where each is compared with all


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_a_students_archive_of_countless_empty_files_costs_little_and_no_notebook(
    kind: str, tmp_path: Path
) -> None:
    names = [f"d/f{number}" for number in range(60_000)]
    packed = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(packed, "w") as inner:
            for name in names:
                inner.writestr(name, b"")
            inner.writestr("lab.ipynb", GOOD)
    else:
        with tarfile.open(fileobj=packed, mode="w:gz") as inner:
            for name in names:
                inner.addfile(tarfile.TarInfo(name))
            last = tarfile.TarInfo("lab.ipynb")
            last.size = len(GOOD)
            inner.addfile(last, io.BytesIO(GOOD))
    mine = f"mallory/mine.{kind}"
    source = zipped(tmp_path / "in.zip", {mine: packed.getvalue(), "anna/lab.ipynb": GOOD})
    begun = time.process_time()
    one = opened(tmp_path, source)
    assert time.process_time() - begun < 8  # it took 16 s where nobody was in the way
    (members,) = one.members.values()
    found = ["/".join(member.path) for member in members]
    assert len(found) == Bounds().inner + 2
    assert {f"{mine}/lab.ipynb", "anna/lab.ipynb"} <= set(found)
    assert told(one) == [f"{mine}: 57,000 of its files were left out: at most 3,000 are taken."]


def test_a_flood_of_troubles_hides_nobody_elses() -> None:
    flood = [Trouble(f"mallory/{number}", "no.") for number in range(20_000)]
    shown = list(troubles([*flood, Trouble("zoe/lab.ipynb", "it has a password.")]))
    assert len(shown) == 8
    assert shown[6] == "mallory: 19,994 more; --json FILE writes them all."
    assert shown[7] == "zoe/lab.ipynb: it has a password."


def test_a_tars_long_header_is_not_read_into_memory(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as inner:
        member = tarfile.TarInfo("lab.ipynb")
        member.pax_headers = {"comment": os.urandom(4_000).hex() * 2_500}  # 20 MB, as honest packs
        inner.addfile(member)
    source = zipped(tmp_path / "in.zip", {"mallory/a.tgz": packed.getvalue(), "anna.ipynb": GOOD})
    tracemalloc.start()
    one = opened(tmp_path, source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
    assert taken(one)["anna.ipynb"] == GOOD
    assert told(one) == [
        "mallory/a.tgz: it is no archive that can be read (ReadError). Ask for it again."
    ]


@pytest.mark.parametrize("kind", ["a map in blocks", "a map in lines"])
def test_a_tars_map_of_holes_is_not_read_without_end(tmp_path: Path, kind: str) -> None:
    holes = b"00000000001\0" * 42 + b"\1" + bytes(7)  # and one more block follows
    member = tarfile.TarInfo("lab.ipynb")
    if kind == "a map in blocks":
        member.type = tarfile.GNUTYPE_SPARSE
        begin = bytearray(member.tobuf(tarfile.GNU_FORMAT))
        begin[482] = 1
        begin[148:156] = b"%06o\0 " % (sum(begin[:148]) + sum(begin[156:]) + 8 * 32)
        tar = bytes(begin) + holes * 20_000 + bytes(1024)
    else:
        lines = b"999999999\n" + b"0\n" * 5_000_000
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        member.size = len(lines)
        tar = member.tobuf(tarfile.PAX_FORMAT) + lines + bytes(1024)
    source = zipped(tmp_path / "in.zip", {"mallory/a.tgz": gzip.compress(tar), "anna.ipynb": GOOD})
    begun = time.process_time()
    tracemalloc.start()
    one = opened(tmp_path, source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
    assert time.process_time() - begun < 2
    assert taken(one)["anna.ipynb"] == GOOD
    assert [line for line in told(one) if line.startswith("mallory/")]


def test_a_compressed_tar_that_unpacks_to_nothing_but_size_fills_no_disk(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    one = opened(tmp_path, zipped(tmp_path / "in.zip", {"mallory/a.tgz": bomb, "b.ipynb": GOOD}))
    assert taken(one)["b.ipynb"] == GOOD
    assert [line for line in told(one) if "larger than it says" in line]
    assert sum(path.stat().st_size for path in one.spool.iterdir()) < 1_000_000


def test_does_one_student_take_a_part_of_the_room_at_most(tmp_path: Path) -> None:
    mine = {f"mallory/{number}.ipynb": GOOD for number in range(60)}
    large = {f"oscar/{number}.bin": bytes(900) for number in range(5)}
    source = zipped(tmp_path / "in.zip", {**mine, **large, "zoe/lab.ipynb": GOOD})
    one = opened(tmp_path, source, Bounds(members=100, total_bytes=8_000))
    found = taken(one)
    assert found["zoe/lab.ipynb"] == GOOD
    assert sum(name.startswith("mallory/") for name in found) == 25
    assert sum(name.startswith("oscar/") for name in found) == 2
    assert "mallory/59.ipynb: more than 25 files of mallory: left out." in told(one)
    assert "oscar/4.bin: all files of oscar exceed 2,000 bytes: left out." in told(one)


def test_is_a_class_in_one_folder_no_single_student(tmp_path: Path) -> None:
    members = {f"all/student{number}/lab.ipynb": GOOD for number in range(80)}
    source = zipped(tmp_path / "in.zip", {**members, "__MACOSX/x": b""})
    assert len(taken(opened(tmp_path, source, Bounds(members=100)))) == 80


def test_does_a_note_say_of_everybody_that_something_came(tmp_path: Path) -> None:
    flood = zipped(tmp_path / "f.zip", {f"{number}.ipynb": GOOD for number in range(30)})
    many = {f"m{one}/all.zip": flood.read_bytes() for one in range(6)}
    source = zipped(tmp_path / "in.zip", {**many, "zoe/a.ipynb": GOOD, "zoe/b.ipynb": GOOD})
    one = opened(tmp_path, source, Bounds(members=100))
    assert noted(one).count("zoe") == 1
    assert len(noted(one)) == 7


def test_is_a_size_below_nothing_not_taken_off_the_bound(tmp_path: Path) -> None:
    member = tarfile.TarInfo("mallory.bin")
    member.pax_headers = {"size": "-4000000000"}
    with tarfile.open(tmp_path / "in.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member)
    one = opened(tmp_path, tmp_path / "in.tar")
    assert one._bytes == 0
    assert taken(one) == {}


@pytest.mark.parametrize("global_", [True, False])
def test_do_words_about_members_cost_little_however_many(tmp_path: Path, global_: bool) -> None:
    packed = io.BytesIO()
    words = {f"k{number}": "x" for number in range(800)}  # 10 kB, as a header
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for number in range(300):
            member = tarfile.TarInfo(f"{number}.txt")
            if global_:
                more = {f"{key}-{number}": value for key, value in words.items()}
                tar.fileobj.write(tarfile.TarInfo.create_pax_global_header(more))
            else:
                member.pax_headers = {**words, "comment": "🙂"}
            tar.addfile(member)
    source = zipped(tmp_path / "in.zip", {"mallory/a.tgz": packed.getvalue(), "anna.ipynb": GOOD})
    tracemalloc.start()
    one = opened(tmp_path, source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
    assert taken(one)["anna.ipynb"] == GOOD
    assert any("headers" in line or "ReadError" in line for line in told(one)) == global_


# A folder that others still fill ---------------------------------------------------------------


def test_a_folder_that_is_too_deep_is_named_and_the_rest_is_taken(tmp_path):
    folder = tmp_path / "class"
    (folder / "anna").mkdir(parents=True)
    (folder / "anna" / "lab.ipynb").write_bytes(GOOD)
    with deep(folder / "eve"):
        one = opened(tmp_path, folder)
    assert taken(one) == {"anna/lab.ipynb": GOOD}
    assert [trouble for trouble in told(one) if "folders in 40 folders" in trouble]


def test_a_pipe_in_an_archives_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "class.zip")

    def waiting(*_):
        raise AssertionError("it waits for somebody to write")

    before = signal.signal(signal.SIGALRM, waiting)
    signal.alarm(5)
    try:
        one = opened(tmp_path, tmp_path / "class.zip")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert len(told(one)) == 1
    assert one.members == {tmp_path / "class.zip": []}


@pytest.mark.parametrize("name", ["lab.ipynb", "work.zip"])
def test_a_link_that_came_into_a_folders_place_is_not_followed(tmp_path, monkeypatch, name):
    zipped(tmp_path / "secret" / "work.zip", {"lab.ipynb": b"secret"})
    (tmp_path / "secret" / "lab.ipynb").write_bytes(b"secret")
    folder = tmp_path / "class" / "eve"
    folder.mkdir(parents=True)
    zipped(folder / "work.zip", {"lab.ipynb": GOOD})
    (folder / "lab.ipynb").write_bytes(GOOD)
    for other in {"lab.ipynb", "work.zip"} - {name}:
        (folder / other).unlink()
    count = Opened._count

    def replacing(self, size, path):
        if not folder.is_symlink():
            folder.rename(tmp_path / "aside")
            folder.symlink_to(tmp_path / "secret")
        return count(self, size, path)

    monkeypatch.setattr(Opened, "_count", replacing)
    one = opened(tmp_path, tmp_path / "class")
    (members,) = one.members.values()
    assert folder.is_symlink()
    for member in members:
        if member.path[-1].endswith(NOT_TAKEN):
            assert b"secret" not in member.place.read_bytes()
        else:
            with pytest.raises(OSError, match="no plain file"):
                content(member)
    if name == "work.zip":  # which is opened when it is found, not when it is read
        assert [trouble.where for trouble in one.troubles] == ["eve/work.zip"]
