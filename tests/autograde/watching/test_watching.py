"""The service: what arrives is graded and answered once; a bad file is named, and stops nothing."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograde.authoring import samples
from autograde.gradebook import scores
from autograde.gradebook.sound import WATCH, alone
from autograde.sandbox import IsolationError, Warm
from autograde.tree import find
from autograde.watching.arrivals import DEEPEST, Arrivals, labs_of, seen
from autograde.watching.service import Service
from tests.autograde.cli.test_cli import autograde
from tests.depths import deep

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
LABS = (LAB, "lab01_activations", "lab02_lenet")


@pytest.fixture(scope="module")
def books(tmp_path_factory) -> dict[str, bytes]:
    """Notebooks of the samples, by name."""
    try:
        Warm(preload=[]).begin().close()
    except IsolationError as error:
        pytest.skip(str(error))
    home = tmp_path_factory.mktemp("samples")
    samples.hand_in(samples.load(COURSE.samples(LAB)), COURSE, LAB, home)
    return {path.parents[1].name: path.read_bytes() for path in home.glob(f"*/{LAB}/{LAB}.ipynb")}


def put(folder: Path, name: str, data: bytes) -> Path:
    """A file as an upload leaves it: at once, under its name."""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}")
    draft.write_bytes(data)
    draft.replace(place)
    return place


def watch(home: Path, *words: str):
    """One round."""
    words = ("watch", str(home / "inbox"), *words, "--once", "--interval", "0.1")
    return autograde(COURSE, *words, "--workdir", str(home / "work"))


def points(home: Path) -> dict[str, float]:
    found = scores.read(home / "work" / "gradebook.db", LAB)
    return {student: sum(cells.values()) for student, cells in found.items()}


def page(home: Path, student: str) -> Path:
    return home / "work" / "feedback" / student / LAB / f"{LAB}.html"


def written(home: Path) -> dict[str, tuple[int, int]]:
    """Every file of the class and when it was written; what holds its lock aside."""
    found = {}
    for path in (home / "work").rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            status = path.stat()
            found[str(path)] = (status.st_mtime_ns, status.st_ino)
    return found


def test_what_arrives_is_graded_and_answered_and_a_restart_does_nothing_again(tmp_path, books):
    put(tmp_path / "inbox", f"anna/{LAB}/{LAB}.ipynb", books["reference"])
    put(tmp_path / "inbox", f"ben/{LAB}/{LAB}.ipynb", books["not-attempted"])
    done = watch(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert points(tmp_path)["anna"] > points(tmp_path)["ben"] == 0
    assert page(tmp_path, "anna").is_file()
    assert page(tmp_path, "ben").is_file()
    said = done.stdout
    for line in (
        "anna handed in",
        f"anna {points(tmp_path)['anna']:g} of",
        "ben 0 of",
        f"feedback/anna/{LAB}/{LAB}.html",
    ):
        assert line in said
    assert "to be read" in (tmp_path / "work" / "watched" / f"{LAB}.txt").read_text()

    before = written(tmp_path)
    again = watch(tmp_path)
    assert again.returncode == 0
    assert written(tmp_path) == before
    assert not re.search("handed in|points|has a page", again.stdout)


def test_a_new_version_is_graded_anew_and_nobody_else(tmp_path, books):
    inbox = tmp_path / "inbox"
    put(inbox, f"anna+{LAB}+2026-10-01 10:00:00 UTC+x/{LAB}.ipynb", books["not-attempted"])
    put(inbox, f"ben+{LAB}+2026-10-01 10:00:00 UTC+y/{LAB}.ipynb", books["reference"])
    assert watch(tmp_path).returncode == 0
    first, ben = points(tmp_path), page(tmp_path, "ben").stat().st_mtime_ns
    put(inbox, f"anna+{LAB}+2026-10-02 10:00:00 UTC+z/{LAB}.ipynb", books["reference"])
    done = watch(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (first["anna"], points(tmp_path)["anna"]) == (0, first["ben"])
    assert page(tmp_path, "ben").stat().st_mtime_ns == ben
    assert "ben" not in done.stdout


def test_a_broken_archive_is_named_and_stops_nobody(tmp_path, books):
    inbox = tmp_path / "inbox"
    put(inbox, f"anna/{LAB}/{LAB}.ipynb", books["reference"])
    put(inbox, "carl/lab00_setup.zip", b"PK\x03\x04 and then nothing")
    put(inbox, f"dora/{LAB}/{LAB}.ipynb", b"{ no notebook")
    put(inbox, "homework.zip", b"which lab is it of?")
    done = watch(tmp_path)
    assert done.returncode == 1
    assert points(tmp_path)["anna"] > 0
    told = (tmp_path / "work" / "watched" / f"{LAB}.txt").read_text()
    assert "carl" in told
    assert "dora" in told
    assert "dora could not be graded" in done.stdout
    assert "homework.zip: no name in it says which lab" in done.stdout


def test_a_named_lab_takes_files_that_name_none(tmp_path, books):
    put(tmp_path / "inbox", "anna.ipynb", books["reference"])
    put(tmp_path / "inbox", "ben lab01.ipynb", books["reference"])
    assert watch(tmp_path, LAB).returncode == 0
    assert set(points(tmp_path)) == {"anna"}


def test_a_second_watcher_is_refused(tmp_path):
    (tmp_path / "inbox").mkdir()
    with alone(tmp_path / "work", WATCH):
        done = watch(tmp_path)
    assert done.returncode == 2
    assert "another `autograde watch` is at work here" in done.stderr


def test_a_grading_beside_it_is_waited_for(tmp_path, books):
    put(tmp_path / "inbox", f"anna/{LAB}/{LAB}.ipynb", books["reference"])
    with alone(tmp_path / "work"):
        done = watch(tmp_path)
    assert "another grading is at work here" in done.stdout
    assert "tried again" in done.stdout
    assert not (tmp_path / "work" / "submitted").exists()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_with_130_when_told_to_and_goes_on_later(tmp_path, books, ending):
    (tmp_path / "inbox").mkdir()
    command = [sys.executable, "-m", "autograde", "watch", str(tmp_path / "inbox"), "--interval",
               "0.3", "--workdir", str(tmp_path / "work")]  # fmt: skip
    environment = {**os.environ, "COURSE_ROOT": str(COURSE.root)}
    log = tmp_path / "log"
    with log.open("w") as said:
        service = subprocess.Popen(
            command, cwd=COURSE.root, env=environment, stdout=said, stderr=said
        )
    try:
        until(lambda: "watched" in log.read_text())
        put(tmp_path / "inbox", f"anna/{LAB}/{LAB}.ipynb", books["reference"])
        until(lambda: "has a page" in log.read_text())
        service.send_signal(ending)
        assert service.wait(30) == 130
    finally:
        service.kill()
        service.wait()
    assert "Traceback" not in log.read_text()
    assert points(tmp_path)["anna"] > 0


def until(holds, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_name_that_says_a_lab_is_no_hand_in_for_it(tmp_path, books):
    put(tmp_path / "inbox", f"anna/{LAB}/{LAB}.ipynb", books["reference"])
    put(tmp_path / "inbox", f"anna/{LAB}/on lab 5.txt", b"?")
    said = watch(tmp_path).stdout
    assert points(tmp_path)["anna"] > 0
    assert "nothing to collect for lab05_inception" in said
    assert not list((tmp_path / "work").rglob("lab05_inception.html"))
    assert not list((tmp_path / "work" / "journal").glob("lab05_inception*"))


def test_a_folder_that_is_away_for_a_while_is_looked_at_again(tmp_path, monkeypatch):
    looks, lines = iter([{}, None, None, {}]), []

    def look(self):
        if (found := next(looks, KeyboardInterrupt)) is KeyboardInterrupt:
            raise KeyboardInterrupt
        if found is None:
            raise OSError(errno.ESTALE, "Stale file handle")
        return found, frozenset()

    monkeypatch.setattr(Arrivals, "look", look)
    service = Service(COURSE, tmp_path, tmp_path / "work", lines.append, interval=0.01)
    (tmp_path / "work").mkdir()
    with pytest.raises(KeyboardInterrupt):
        service.run()
    assert [one for one in lines if "Stale" in one] == [
        f"{tmp_path}: Stale file handle. It is tried again."
    ]


# Looking --------------------------------------------------------------------------------------


def names(arrivals: Arrivals) -> tuple[list[str], list[str]]:
    settled, growing = arrivals.look()
    return ["/".join(one) for one in settled], sorted("/".join(one) for one in growing)


def test_what_is_half_written_waits_until_two_looks_agree(tmp_path):
    arrivals = Arrivals(tmp_path)
    (tmp_path / "anna.ipynb").write_text("{")
    (tmp_path / "ben.ipynb").write_text("{}")
    assert names(arrivals) == ([], ["anna.ipynb", "ben.ipynb"])
    (tmp_path / "anna.ipynb").write_text('{"cells"')
    assert names(arrivals) == (["ben.ipynb"], ["anna.ipynb"])
    (tmp_path / "anna.ipynb").write_text('{"cells": []}')
    assert names(arrivals) == (["ben.ipynb"], ["anna.ipynb"])
    assert names(arrivals) == (["anna.ipynb", "ben.ipynb"], [])


def test_a_folder_waits_as_a_whole_and_what_is_renamed_in_counts_under_its_name(tmp_path):
    arrivals = Arrivals(tmp_path)
    for name in ("anna/lab.ipynb", "anna/data.csv", "big.zip.part", "ben.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    names(arrivals)
    (tmp_path / "anna" / "data.csv").write_text("12")
    assert names(arrivals) == (["ben.ipynb"], ["anna", "big.zip.part"])
    (tmp_path / "big.zip.part").rename(tmp_path / "big.zip")
    assert names(arrivals) == (["anna", "ben.ipynb"], ["big.zip"])
    assert names(arrivals) == (["anna", "ben.ipynb", "big.zip"], [])


def test_links_are_not_followed_when_looking(tmp_path):
    for name in ("eve", "inbox"):
        (tmp_path / name).mkdir()
    (tmp_path / "eve" / "mine").write_text("secret")
    (tmp_path / "inbox" / "anna").mkdir()
    os.symlink(tmp_path / "eve", tmp_path / "inbox" / "ben")
    os.symlink(".", tmp_path / "inbox" / "anna" / "round")  # two of them: 2^40 ways
    found = seen(tmp_path / "inbox")
    assert {place[-1]: [one[0] for one in files] for place, files in found.items()} == {
        "anna": ["anna/round"],
        "ben": ["ben"],
    }


@pytest.mark.parametrize("beside", [True, False])
def test_a_folder_that_is_too_deep_ends_no_look(tmp_path, beside):
    if beside:
        put(tmp_path / "inbox", "anna.ipynb", b"{}")
    with deep(tmp_path / "inbox" / "eve"):
        found = {place[0]: files for place, files in seen(tmp_path / "inbox").items()}
    assert len(found["eve"]) == 1
    assert found["eve"][0][0].count("a") <= DEEPEST + 1
    assert ("anna.ipynb" in found) is beside


def test_a_half_written_file_is_collected_only_when_whole(tmp_path, books, monkeypatch):
    """Through the whole command: it grows between the two looks of the first round."""
    place = put(tmp_path / "inbox", f"anna/{LAB}/{LAB}.ipynb", books["reference"][:1000])
    put(tmp_path / "inbox", f"ben/{LAB}/{LAB}.ipynb", books["reference"])
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda s: (place.write_bytes(books["reference"]), sleep(s)))
    done = watch(tmp_path)
    assert done.returncode == 1
    assert "anna: still being written" in done.stdout
    assert set(points(tmp_path)) == {"ben"}
    monkeypatch.undo()
    assert watch(tmp_path).returncode == 0
    assert points(tmp_path)["anna"] == points(tmp_path)["ben"] > 0


@pytest.mark.parametrize(
    ("place", "files", "labs"),
    [
        (("anna",), ["lab01_activations/lab01_activations.ipynb"], {LABS[1]}),
        (("anna+lab02_lenet+2026-10-01 10:00:00 UTC",), ["x.ipynb"], {LABS[2]}),
        (("anna",), ["lab1/a.ipynb", "lab2/b.ipynb"], {LABS[1], LABS[2]}),
        (("Ivanova Lab 1.ipynb",), [], {LABS[1]}),
        (("anna.ipynb",), [], set()),
        (("Anna Lee_17_assignsubmission_file_",), ["essay.ipynb"], set()),
        (("-rf",), [".notes/_x.ipynb"], set()),
    ],
)
def test_names_say_which_labs_an_entry_is_of(place, files, labs):
    assert labs_of(place, [(name, 0, 0, 0) for name in files], LABS) == labs
