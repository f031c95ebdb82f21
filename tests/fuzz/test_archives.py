"""What an LMS hands out, with something changed: archives, class lists, and our own record."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import zipfile
from datetime import UTC, timedelta
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from autograde.errors import DesignedError
from autograde.handing_in.collecting import class_list, lateness, record
from autograde.handing_in.collecting.bounds import Bounds
from autograde.handing_in.collecting.collecting import Order, collect
from tests.fuzz.bounds import brief, cases, within
from tests.fuzz.mutations import Changed, bytes_like, json_like

LAB = "lab01_activations"
BOUNDS = Bounds(file_bytes=100_000, total_bytes=300_000, members=50)
FILES = {
    "Anna_1_assignsubmission_file_/lab01_activations.ipynb": b'{"cells": []}',
    "Boris_2_assignsubmission_file_/receipt.json": b'{"points": 1}',
    "Clara_3_assignsubmission_onlinetext_/onlinetext.html": b"<p>" * 500,
}
ROSTER = (
    "\ufeffIdentifier;Full name;ID number;E-Mail;extension;Last modified (submission)\n"
    'Participant 1;"Ivanova, Anna";a1;a@uni.example;2 days;Thursday, 1 October 2026, 11:59 PM\n'
    "Participant 2;Boris;b2;b@uni.example;2026-10-03;2026-10-01T23:59+02:00\n"
)


@cache
def archives() -> list[bytes]:
    """A zip, one in a zip, and tars."""
    plain, nested, tarred = io.BytesIO(), io.BytesIO(), [io.BytesIO() for _ in range(3)]
    for out, more in ((plain, {}), (nested, {"Dora_4_assignsubmission_file_/in.zip": b""})):
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in {**FILES, **more}.items():
                archive.writestr(name, data or plain.getvalue())
    for out, mode in zip(tarred, ("w", "w:gz", "w:xz"), strict=True):
        with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
            for name, data in FILES.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return [one.getvalue() for one in (plain, nested, *tarred)]


@cases(150)
@given(bytes_like(archives()), st.sampled_from(["in.zip", "in.tar", "in.tgz"]))
def test_any_archive_is_collected_or_refused_and_nothing_lies_elsewhere(
    file: Changed, name: str
) -> None:
    with tempfile.TemporaryDirectory() as path, within(2):
        home = Path(path)
        (home / name).write_bytes(file.value)
        work = home / "grading"
        try:
            collect(Order(LAB, [home / name], work, work / "submitted", bounds=BOUNDS))
        except DesignedError as error:
            brief(error)
        assert {one.name for one in home.iterdir()} <= {name, "grading"}
        assert {one.name for one in work.iterdir()} <= {"submitted", "collected", "unmatched"}
        assert not [one for one in work.rglob("*") if one.is_symlink()]
        assert sum(one.stat().st_size for one in work.rglob("*") if one.is_file()) < 1_000_000


@cases(100)
@given(bytes_like([ROSTER.encode(), ROSTER.encode("utf-16"), ROSTER.encode("cp1252", "replace")]))
def test_any_class_list_is_read_or_refused(file: Changed) -> None:
    with tempfile.TemporaryDirectory() as path, within(2):
        place = Path(path) / "roster.csv"
        place.write_bytes(file.value)
        try:
            found = class_list.read(place, UTC)
        except DesignedError as error:
            brief(error)
        else:
            assert all(one.id and "/" not in one.id for one in found.people)


@cache
def recorded() -> str:
    """The record of a class that was collected."""
    with tempfile.TemporaryDirectory() as path:
        home = Path(path)
        (home / "in.zip").write_bytes(archives()[0])
        collect(Order(LAB, [home / "in.zip"], home, home / "submitted", rule="10%/day"))
        return record.path_of(home, LAB).read_text("utf-8")


@cases(100)
@given(json_like([recorded()], 3))
def test_any_record_is_read_or_refused(said: Changed) -> None:
    with tempfile.TemporaryDirectory() as path, within(2):
        place = record.path_of(Path(path), LAB)
        place.parent.mkdir()
        place.write_text(json.dumps(said.value), "utf-8", "surrogatepass")
        try:
            found = record.read(Path(path), LAB)
            lateness.rule(found.rule)
        except DesignedError as error:
            brief(error)
        else:
            for one in found.students.values():
                assert isinstance(one.placed | one.naming, dict)
                assert (one.name + one.mail + one.lms_id + one.time).join("ab")
                assert one.more + timedelta(1)
