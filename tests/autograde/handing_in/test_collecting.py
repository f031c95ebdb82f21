"""Collecting a class: from what LMSs hand out to nbgrader's tree, and again."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.utils import parse_utc
from rich.console import Console

from autograde.errors import DesignedError
from autograde.handing_in import intake
from autograde.handing_in.collecting import class_list, record
from autograde.handing_in.collecting.bounds import Bounds, Member
from autograde.handing_in.collecting.collecting import Collected, Order, collect
from autograde.handing_in.collecting.layouts import Format, chosen, hand_ins
from autograde.handing_in.collecting.matching import said
from autograde.reports.collected import tell

LAB = "lab01_activations"
LABS = ("lab00_setup", LAB, "lab02_lenet")
BOOK = b'{"cells": []}'
ROSTER = """\
id,Name,E-Mail,Section,Extension,GitHub
anna01,Anna Ivanova,anna@uni.example,A,,annacodes
boris2,Boris Petrov,b.petrov@uni.example,A,2,
clara3,"Müller, Clara",clara@uni.example,B,2026-10-05,
"""


def book(text: str) -> bytes:
    return json.dumps({"cells": [], "text": text}).encode()


def zipped(path: Path, members: dict[str, bytes], when=(2026, 9, 30, 12, 0, 0)) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, when), data)
    return path


def laid(folder: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def run(tmp_path: Path, *sources: Path, roster: str = "", **more) -> Collected:
    people = None
    if roster:
        (tmp_path / "roster.csv").write_text(roster)
        people = class_list.read(tmp_path / "roster.csv", UTC)
    work = tmp_path / "grading"
    return collect(Order(LAB, sources, work, work / "submitted", people=people, labs=LABS, **more))


def tree(tmp_path: Path, folder: str = "submitted") -> dict[str, bytes]:
    top = tmp_path / "grading" / folder
    return {str(p.relative_to(top)): p.read_bytes() for p in top.rglob("*") if p.is_file()}


def students(found: Collected) -> list[str]:
    return [row.student for row in found.rows]


MOODLE = {
    "Anna Ivanova_1234_assignsubmission_file_/lab01_activations.ipynb": book("anna"),
    "Boris Petrov_1235_assignsubmission_file/lab01_activations (1).ipynb": book("boris"),
    "Clara Müller_1236_assignsubmission_file_Copy of lab01_activations.ipynb": book("clara"),
    "Clara Müller_1236_assignsubmission_onlinetext_onlinetext.html": b"<p>Hello</p>",
}
CANVAS = {
    "ivanovaanna_101_201_lab01_activations.ipynb": book("anna"),
    "petrovboris_LATE_102_202_lab01_activations-1.ipynb": book("boris"),
    "müllerclara_103_203_lab01_activations (2).ipynb": book("clara"),
}
EXCHANGE = {
    f"anna01+{LAB}+2026-09-30 10:00:00.000000 UTC+AbC_-/lab01_activations.ipynb": book("old"),
    f"anna01+{LAB}+2026-10-01 10:00:00.000000 UTC+xYz/lab01_activations.ipynb": book("anna"),
    f"boris2+{LAB}+2026-10-01 11:00:00.000000 UTC+1/lab01_activations.ipynb": book("boris"),
    f"clara3+{LAB}+2026-10-01 12:00:00.000000 UTC+2/lab01_activations.ipynb": book("clara"),
    "clara3+lab02_lenet+2026-10-01 12:00:00.000000 UTC+2/lab02_lenet.ipynb": book("other"),
}
CLONES = {
    "lab-1-annacodes/labs/lab01_activations/lab01_activations.ipynb": book("anna"),
    "lab-1-annacodes/labs/lab02_lenet/lab02_lenet.ipynb": book("other"),
    "lab-1-annacodes/.git/HEAD": b"ref",
    "lab-1-boris2/labs/lab01_activations/lab01_activations.ipynb": book("boris"),
    "lab-1-clara3/lab01_activations.ipynb": book("clara"),
    "lab-1-clara3/README.md": b"read me",
}
FOLDER = {
    "anna01/Lab01-Activations/lab01_activations.ipynb": book("anna"),
    "anna01/lab02_lenet/lab02_lenet.ipynb": book("other"),
    "boris2/lab01_activations (3).ipynb": book("boris"),
    "Copy of lab01_activations - Clara Müller.ipynb": book("clara"),
}
LAYOUTS = {
    "moodle": MOODLE, "canvas": CANVAS, "exchange": EXCHANGE, "classroom": CLONES, "folder": FOLDER
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_is_each_layout_recognised_and_everyone_found(
    tmp_path: Path, layout: str, packed: bool
) -> None:
    put = zipped if packed else laid
    found = run(tmp_path, put(tmp_path / "handed-out.zip", LAYOUTS[layout]), roster=ROSTER)
    assert (found.unmatched, found.troubles, found.missing) == ((), (), ())
    placed = {name: data for name, data in tree(tmp_path).items() if name.endswith(".ipynb")}
    for student, text in (("anna01", "anna"), ("boris2", "boris"), ("clara3", "clara")):
        assert placed.pop(f"{student}/{LAB}/{LAB}.ipynb") == book(text)
    assert not placed


@pytest.mark.parametrize("added", [".txt", ".json", ".JSON.txt"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_is_a_notebook_one_whatever_a_browser_put_after_its_name(
    tmp_path: Path, layout: str, added: str
) -> None:
    members = {
        name + added * name.endswith(".ipynb"): data for name, data in LAYOUTS[layout].items()
    }
    found = run(tmp_path, zipped(tmp_path / "handed-out.zip", members), roster=ROSTER)
    assert (found.unmatched, found.troubles, found.missing) == ((), (), ())
    for student, text in (("anna01", "anna"), ("boris2", "boris"), ("clara3", "clara")):
        assert tree(tmp_path)[f"{student}/{LAB}/{LAB}.ipynb"] == book(text)


def test_do_archives_of_several_kinds_go_together_with_folders_around(tmp_path: Path) -> None:
    """As an LMS's zip is unpacked by double click, and a drive's folder lies beside it."""
    first = {f"Course-Lab 1-77/{name}": data for name, data in [*MOODLE.items()][:2]}
    sources = [
        zipped(tmp_path / "moodle.zip", first),
        laid(tmp_path / "Drive", {"Lab 1/Clara Müller/Lab1.ipynb": book("clara")}),
    ]
    found = run(tmp_path, *sources, roster=ROSTER)
    assert students(found) == ["anna01", "boris2", "clara3"]


def test_is_a_students_own_archive_taken_with_its_receipt_as_a_claim(tmp_path: Path) -> None:
    members = {
        "lab01_activations.ipynb": BOOK,
        "network.safetensors": b"weights",
        "receipt.json": b'{"points": 40, "made": "2026-09-30", "checks": {}}',
    }
    found = run(tmp_path, zipped(tmp_path / "anna01.zip", members), roster=ROSTER)
    (row,) = found.rows
    assert (row.student, row.claimed) == ("anna01", "points 40, made 2026-09-30")
    assert set(tree(tmp_path)) == {f"anna01/{LAB}/{name}" for name in members}
    inside = zipped(tmp_path / "inner.zip", members).read_bytes()
    moodle = zipped(tmp_path / "m.zip", {"Boris Petrov_9_assignsubmission_file_/b.zip": inside})
    assert students(run(tmp_path, moodle, roster=ROSTER)) == ["boris2"]
    assert f"boris2/{LAB}/network.safetensors" in tree(tmp_path)


def test_has_who_handed_in_what_is_refused_not_handed_in_nothing(tmp_path: Path) -> None:
    name = "ivanovaanna_101_201_lab01_activations.ipynb"
    source = zipped(tmp_path / "in.zip", {**CANVAS, name: bytes(2000)})
    found = run(tmp_path, source, roster=ROSTER, bounds=Bounds(file_bytes=1000))
    assert (found.missing, len(found.troubles)) == ((), 1)
    assert set(tree(tmp_path)) >= {f"anna01/{LAB}/lab01_activations.ipynb.not-taken.txt"}
    (anna,) = (one for one in intake.collect(tmp_path / "grading/submitted", LAB)
               if one.student == "anna01")  # fmt: skip
    assert [flag.severity for flag in anna.flags] == ["ungradable"]


def test_does_collecting_again_change_nothing(tmp_path: Path) -> None:
    source = zipped(tmp_path / "in.zip", EXCHANGE)
    run(tmp_path, source, roster=ROSTER)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "grading").rglob("*") if p.is_file()}
    found = run(tmp_path, source, roster=ROSTER)
    assert {row.outcome for row in found.rows} == {"the same"}
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "grading").rglob("*") if p.is_file()}
    assert after == before


def test_does_the_last_one_count_and_are_earlier_ones_kept(tmp_path: Path) -> None:
    found = run(tmp_path, laid(tmp_path / "inbound", EXCHANGE), roster=ROSTER)
    anna = found.rows[0]
    assert (anna.versions, anna.time) == (2, "2026-10-01T10:00:00+00:00")
    kept = tree(tmp_path, "collected")
    old = [name for name, data in kept.items() if data == book("old")]
    assert [name.split("/")[:2] for name in old] == [["anna01", LAB]]
    assert old[0].split("/")[2].startswith("2026-09-30T100000Z")
    stamp = tree(tmp_path)[f"anna01/{LAB}/timestamp.txt"].decode()
    assert parse_utc(stamp.strip()) == datetime(2026, 10, 1, 10)


def test_does_an_older_archive_that_comes_later_not_count(tmp_path: Path) -> None:
    name = "Anna Ivanova_1_assignsubmission_file_/lab01_activations.ipynb"
    new = zipped(tmp_path / "new.zip", {name: book("new")}, (2026, 10, 2, 0, 0, 0))
    old = zipped(tmp_path / "old.zip", {name: book("old")}, (2026, 9, 2, 0, 0, 0))
    run(tmp_path, new)
    (row,) = run(tmp_path, old).rows
    assert (row.outcome, row.versions) == ("earlier one kept", 2)
    assert tree(tmp_path)[f"anna-ivanova-1/{LAB}/{LAB}.ipynb"] == book("new")


def test_is_what_a_person_changed_kept_until_they_say_force(tmp_path: Path) -> None:
    name = "anna01/lab01_activations.ipynb"
    run(tmp_path, laid(tmp_path / "a", {name: book("first")}))
    there = tmp_path / "grading" / "submitted" / "anna01" / LAB / f"{LAB}.ipynb"
    there.write_bytes(book("mended by hand"))
    (row,) = run(tmp_path, laid(tmp_path / "a", {name: book("second")})).rows
    assert row.outcome == "changed by hand: kept"
    assert there.read_bytes() == book("mended by hand")
    (row,) = run(tmp_path, tmp_path / "a", force=True).rows
    assert (row.outcome, there.read_bytes()) == ("newer", book("second"))
    assert book("mended by hand") in tree(tmp_path, "collected").values()


def test_is_nobodys_work_kept_and_given_to_whom_a_person_says(tmp_path: Path) -> None:
    source = laid(
        tmp_path / "in", {"lab01_activations.ipynb": book("?"), "x.ipynb": book("x"),
                          "anna01/lab01_activations.ipynb": book("anna")}
    )  # fmt: skip
    found = run(tmp_path, source, roster=ROSTER)
    assert students(found) == ["anna01"]
    assert {name for name, _, _ in found.unmatched} == {"lab01_activations.ipynb", "x.ipynb"}
    assert sorted(tree(tmp_path, f"unmatched/{LAB}").values()) == [book("?"), book("x")]
    words = said(["lab01_activations.ipynb=boris2", "x.ipynb=clara3"])
    found = run(tmp_path, source, roster=ROSTER, said=words)
    assert (students(found), found.unmatched) == (["anna01", "boris2", "clara3"], ())
    assert tree(tmp_path, f"unmatched/{LAB}") == {}


def test_is_a_mistaken_name_taken_back(tmp_path: Path) -> None:
    source = laid(tmp_path / "in", {"x.ipynb": book("x"), "y.ipynb": book("y")})
    both = {"y.ipynb": "anna01"}
    run(tmp_path, source, roster=ROSTER, said={"x.ipynb": "clara3", **both})
    found = run(tmp_path, source, roster=ROSTER, said={"x.ipynb": "boris2", **both})
    assert any("no longer clara3's" in remark for remark in found.remarks)
    assert {name.split("/")[0] for name in tree(tmp_path)} == {"anna01", "boris2"}
    assert found.missing == ("clara3",)


@pytest.mark.parametrize(
    ("roster", "name", "why"),
    [
        ("id,name\na,Anna Ivanova\nb,Ivanova Anna\n", "Anna Ivanova_1", "several students fit"),
        ("id,name\na,Анна Иванова\n", "Anna Ivanova_1", "nobody in the class list"),
        ("id,name\na,Anna Ivanowa\n", "Anna Ivanova_1", "Like it: Anna Ivanowa (a)"),
        ("id,name,lms id\na,Boris Petrov,1\n", "Anna Ivanova_1", "of another assignment?"),
    ],
    ids=["twice", "transliterated", "misspelt", "another worksheet"],
)
def test_is_nobody_guessed(tmp_path: Path, roster: str, name: str, why: str) -> None:
    member = f"{name}_assignsubmission_file_/lab01_activations.ipynb"
    found = run(tmp_path, zipped(tmp_path / "in.zip", {member: BOOK}), roster=roster)
    ((who, told, _),) = found.unmatched
    assert who == name
    assert why in told


def test_are_two_people_never_taken_for_one(tmp_path: Path) -> None:
    members = {
        f"Anna Ivanova_{n}_assignsubmission_file_/lab01_activations.ipynb": book(str(n))
        for n in (1, 2)
    }
    found = run(tmp_path, zipped(tmp_path / "in.zip", members), roster=ROSTER)
    assert (students(found), len(found.unmatched)) == ([], 2)


def test_do_names_without_a_class_list_give_the_same_ids_each_time(tmp_path: Path) -> None:
    assert students(run(tmp_path, zipped(tmp_path / "m.zip", MOODLE))) == [
        "anna-ivanova-1234", "boris-petrov-1235", "clara-müller-1236"
    ]  # fmt: skip
    found = run(tmp_path, laid(tmp_path / "c", CANVAS))
    assert students(found) == ["ivanovaanna-101", "müllerclara-103", "petrovboris-102"]


def test_is_lateness_told_with_extensions_and_nobody_late_of_whom_no_time_is_known(
    tmp_path: Path,
) -> None:
    due = datetime(2026, 10, 1, 10, 30, tzinfo=UTC)
    found = run(tmp_path, laid(tmp_path / "in", EXCHANGE), roster=ROSTER, due=due)
    assert {row.student: row.late for row in found.rows} == {
        "anna01": 0.0, "boris2": 0.0, "clara3": 0.0
    }  # fmt: skip
    found = run(tmp_path, tmp_path / "in", roster=ROSTER, due=due.replace(month=9, day=28))
    assert found.rules.startswith("Due 2026-09-28 10:30 UTC")
    again = run(tmp_path, tmp_path / "in", roster=ROSTER)  # it holds, and is said, without it too
    assert again.rules == found.rules
    late = {row.student: row.late for row in found.rows}
    assert (late["boris2"], late["clara3"]) == (86_400 + 1800, 0.0)
    found = run(tmp_path / "other", laid(tmp_path / "c", CANVAS), due=due)
    assert all(row.late is None for row in found.rows)
    assert any("the LMS calls it late" in remark for remark in found.remarks)
    assert any("is not known, and they count as on time" in remark for remark in found.remarks)


def test_is_a_time_that_a_student_handed_in_not_believed(tmp_path: Path) -> None:
    stamp = b"2020-01-01 00:00:00 UTC"
    inside = zipped(tmp_path / "i.zip", {"lab01_activations.ipynb": BOOK, "timestamp.txt": stamp})
    moodle = "Anna Ivanova_1_assignsubmission_file_/"
    for number, members in enumerate((
        {f"{moodle}lab01_activations.ipynb": BOOK, f"{moodle}timestamp.txt": stamp},
        {"anna01/lab01_activations/work.zip": inside.read_bytes()},
        {"anna01.zip": inside.read_bytes()},
    )):  # fmt: skip
        (row,) = run(tmp_path, zipped(tmp_path / f"{number}.zip", members), roster=ROSTER).rows
        assert (row.student, row.time) == ("anna01", "")
        assert f"anna01/{LAB}/timestamp.txt" not in tree(tmp_path)
    nbgraders = {f"boris2/{LAB}/{LAB}.ipynb": BOOK, f"boris2/{LAB}/timestamp.txt": stamp}
    (row,) = run(tmp_path, laid(tmp_path / "submitted", nbgraders), roster=ROSTER).rows
    assert row.time == "2020-01-01T00:00:00+00:00"


def test_is_moodles_worksheet_a_class_list_with_times(tmp_path: Path) -> None:
    roster = (
        "\ufeffIdentifier,Full name,ID number,Email address,Status,Grade,Maximum grade,"
        "Last modified (submission),Last modified (grade)\n"
        "Participant 1234,Anna Ivanova,s100,a@uni.example,Submitted,,40.00,"
        '"Thursday, 1 October 2026, 11:59 PM",-\n'
    )
    source = zipped(tmp_path / "in.zip", dict([*MOODLE.items()][:1]))
    (row,) = run(tmp_path, source, roster=roster).rows
    assert (row.student, row.time) == ("s100", "2026-10-01T23:59:00+00:00")


WORKSHEETS = {
    "German": (
        "ID;Vollständiger Name;E-Mail-Adresse;Status;Bewertung;Bestwertung;"
        "Zuletzt geändert (Abgabe);Feedback als Kommentar\n"
        "Teilnehmer/in501;Jürgen Müller;j@uni.example;Abgegeben;;20,00;"
        '"Donnerstag, 1. Oktober 2026, 23:59";\n'
    ),
    "German, with numbers": (
        "ID,Vollständiger Name,ID-Nummer,E-Mail-Adresse,Bewertung,Zuletzt geändert (Abgabe)\n"
        "Teilnehmer/in 501,Jürgen Müller,007,j@uni.example,,"
        '"Donnerstag, 1. Oktober 2026, 23:59"\n'
    ),
    "Russian": (
        "Идентификатор,Полное имя,Адрес электронной почты,Оценка,Последнее изменение (ответ)\n"
        'Участник501,Jürgen Müller,j@uni.example,,"четверг, 1 октября 2026, 23:59"\n'
    ),
    "French": (
        "Identifiant,Nom complet,Adresse de courriel,Note,Dernière modification (travail remis)\n"
        'Participant501,Jürgen Müller,j@uni.example,,"jeudi 1 octobre 2026, 23:59"\n'
    ),
    "German, hidden names": (
        "ID,Status,Bewertung,Zuletzt geändert (Abgabe)\n"
        'Teilnehmer/in501,Abgegeben,,"Donnerstag, 1. Oktober 2026, 23:59"\n'
    ),
}


@pytest.mark.parametrize("language", WORKSHEETS)
def test_is_a_worksheet_understood_in_its_language(tmp_path: Path, language: str) -> None:
    text = WORKSHEETS[language]
    name = "Jürgen Müller" if "Müller" in text else "Teilnehmerin"
    member = f"{name}_501_assignsubmission_file_/{LAB}.ipynb"
    found = run(tmp_path, zipped(tmp_path / "in.zip", {member: BOOK}), roster=text)
    (row,) = found.rows
    wanted = "007" if "007" in text else "j@uni.example" if "j@" in text else "501"
    assert (row.student, row.time) == (wanted, "2026-10-01T23:59:00+00:00")
    assert found.unmatched == ()


def test_is_a_class_list_read_in_other_words(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_text("Matrikelnummer;Vorname;Nachname;E-Mail;Gruppe\n007;Jürgen;Müller;j@u.de;B\n")
    (one,) = class_list.read(path, UTC).people
    assert (one.id, one.name, one.mail, one.section) == ("007", "Jürgen Müller", "j@u.de", "B")


def test_are_canvas_rows_that_are_nobody_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (44)\n"
        ",,,,,Manual Posting\n"
        "    Points Possible,,,,,40\n"
        '"Ivanova, Anna",11,,,Mon,\n'
        '"Student, Test",12,,1f3a,Mon,\n'
    )
    (one,) = class_list.read(path, UTC).people
    assert (one.id, one.name, one.lms_id) == ("11", "Anna Ivanova", "11")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_is_a_class_list_read_whatever_saved_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "roster.csv"
    text = "Username;First name;Surname;Email address\r\nclara3;Clara;Müller;c@uni.example\r\n"
    path.write_bytes(text.encode(encoding))
    found = class_list.read(path, UTC)
    assert [(one.id, one.name) for one in found.people] == [("clara3", "Clara Müller")]
    assert bool(found.remarks) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,points\nAnna,3\n", "no column tells the students apart"),
        ("id,name\n../x,Anna\n", "line 2 (Anna): '../x' can't name a folder"),
        ("id,name\na,Anna\nA,Boris\n", "lines 2 and 3 are both A"),
        ("id,name\n,Anna\n", "line 2 (Anna): no student id"),
        ("id,extension\na,soon\n", "the extension 'soon' is not understood"),
        ("id,name\n", "has no students"),
    ],
)
def test_does_a_class_list_say_what_is_wrong_with_it(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "roster.csv"
    path.write_text(text)
    with pytest.raises(DesignedError) as told:
        class_list.read(path, UTC)
    assert why in str(told.value)


PARTS = st.sampled_from(
    ["anna", "labs", LAB, "lab02_lenet", "Lab 1", "in.zip", "a_1_assignsubmission_file_", "_", "-",
     "x_1_2_y", f"u+{LAB}+t+r", "++", f"{LAB}.ipynb", "Copy of .ipynb", "a.ipynb", "timestamp.txt",
     "network.safetensors", "(1)"]
)  # fmt: skip


@given(st.sets(st.lists(PARTS, min_size=1, max_size=5).map(tuple), min_size=1, max_size=8))
def test_is_no_file_lost_however_an_archive_is_laid_out(paths: set[tuple[str, ...]]) -> None:
    members = [Member(path, Path(__file__)) for path in sorted(paths)]
    for form in (None, *get_args(Format)):
        found, troubles = hand_ins(members, LAB, "in.zip", form, LABS)
        kept = {member for one in found for member in one.files.values()}
        named = {trouble.where for trouble in troubles}
        for member in members:
            of_another = any("lenet" in part for part in member.path)
            of_another |= any("labs" in one.path for one in members)  # a clone's other folders
            of_another |= "++" in member.path or f"u+{LAB}+t+r" in member.path
            assert member in kept or member.path[0] in named or of_another
        for one in found:
            assert set(chosen(one, LAB).values()) <= set(one.files.values())


def test_is_a_wrong_command_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DesignedError, match="no archive or folder"):
        run(tmp_path, tmp_path / "nothing.zip")
    with pytest.raises(DesignedError, match="nothing to collect"):
        run(tmp_path, zipped(tmp_path / "in.zip", {"readme.txt": b"x"}))
    source = laid(tmp_path / "in", {"anna01/lab01_activations.ipynb": BOOK})
    for words, why in (
        ({"other.ipynb": "anna01"}, "nothing is called other.ipynb"),
        ({"anna01": "nobody"}, "no student of the class list"),
    ):
        with pytest.raises(DesignedError, match=why):
            run(tmp_path, source, roster=ROSTER, said=words)
    assert not (tmp_path / "grading" / "submitted").exists()


def test_is_told_in_full_what_holds_and_who_left_the_class_list(tmp_path: Path) -> None:
    source = laid(tmp_path / "in", EXCHANGE)
    due = datetime(2026, 9, 28, 10, 30, tzinfo=UTC)
    rule = {"due": due, "rule": "10%/day, at most 50%", "zone": "Europe/Berlin"}
    run(tmp_path, source, roster=ROSTER, **rule)
    kept = [line for line in ROSTER.splitlines() if "anna01" not in line]
    out = io.StringIO()
    found = run(tmp_path, source, roster="\n".join(kept))
    tell(found, Console(file=out, width=200))
    assert "late: 10%/day, at most 50%; times that name no zone are in Europe/Berlin." in (
        out.getvalue()
    )
    assert "collected before, and not in this class list (1): anna01." in out.getvalue()


HERS = "lab01_activations/lab01_activations.ipynb"
INNER = "Boris Petrov_1235_assignsubmission_file_/lab01_activations.ipynb"
AT = "boris2+lab01_activations+2026-01-01 10:00:00.000000 UTC"


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        ("folder", f"anna01/boris2/{HERS}"),
        ("folder", f"anna01/{AT}/lab01_activations.ipynb"),
        ("folder", f"anna01/{INNER}"),
        ("folder", f"anna01/labs/boris2/{HERS}"),
        ("classroom", f"lab-1-annacodes/boris2/{HERS}"),
        ("moodle", f"Anna Ivanova_1234_assignsubmission_file_/{INNER}"),
        ("moodle", "Anna Ivanova_1234_assignsubmission_file_" + INNER.replace("/", "")),
        ("canvas", f"ivanovaanna_101_205_in.zip/{INNER}"),
        ("canvas", "ivanovaanna_101_205_x_102_assignsubmission_file_notes.txt"),
        ("exchange", f"anna01+{LAB}+2026-10-01 10:00:00.000000 UTC+xYz/boris2/{HERS}"),
    ],
)
def test_does_what_one_hands_in_name_no_other(tmp_path: Path, layout: str, path: str) -> None:
    """Whose a file is stands at the students' level; what they hand in has names of their own."""
    laid(tmp_path / "in", LAYOUTS[layout])
    before = tree(tmp_path, "submitted") if run(tmp_path, tmp_path / "in", roster=ROSTER) else {}
    laid(tmp_path / "in", {path: book("evil")})
    run(tmp_path, tmp_path / "in", roster=ROSTER)
    now = tree(tmp_path, "submitted")
    others = {name: data for name, data in before.items() if not name.startswith("anna01/")}
    assert others
    assert {name: now.get(name) for name in others} == others
    assert not any(b"evil" in data for name, data in now.items() if not name.startswith("anna01/"))


def test_are_two_names_for_one_student_left_to_a_person(tmp_path: Path) -> None:
    forged = "Boris X_1235_assignsubmission_file_lab01_activations.ipynb"
    found = run(tmp_path, laid(tmp_path / "in", {**MOODLE, forged: book("evil")}), roster=ROSTER)
    assert not any(b"evil" in data for data in tree(tmp_path).values())
    assert found.needs_a_person


def test_hold_class_list_and_decisions_of_before(tmp_path: Path) -> None:
    odd = {**MOODLE, "Zed_99_assignsubmission_file_/lab01_activations.ipynb": book("zed")}
    laid(tmp_path / "in", odd)
    run(tmp_path, tmp_path / "in", roster=ROSTER)
    text = "Zed_99"
    run(tmp_path, tmp_path / "in", roster=ROSTER.replace("clara3", "clara3"), said={text: "boris2"})
    first = tree(tmp_path)
    found = run(tmp_path, tmp_path / "in")
    assert set(students(found)) <= {"anna01", "boris2", "clara3"}
    assert tree(tmp_path) == first
    assert any("class list of before" in remark for remark in found.remarks)


@pytest.mark.parametrize("data", [b"Rar!\x1a\x07\x01\x00rest", b"no archive at all"])
def test_an_archive_that_nobody_can_open_is_its_students_work_and_told_once(
    tmp_path: Path, data: bytes
) -> None:
    members = {"anna01.rar": data, "boris2.ipynb": book("boris")}
    found = run(tmp_path, laid(tmp_path / "in", members), roster=ROSTER)
    assert students(found) == ["anna01", "boris2"]
    assert [one.where for one in found.troubles] == ["anna01.rar"]
    assert "Ask for " in found.troubles[0].why
    assert set(tree(tmp_path)) == {
        f"anna01/{LAB}/anna01.rar", f"boris2/{LAB}/{LAB}.ipynb"
    }  # fmt: skip


def test_a_source_that_is_such_an_archive_is_told_once(tmp_path: Path) -> None:
    source = tmp_path / "class.rar"
    source.write_bytes(b"Rar!\x1a\x07\x01\x00rest")
    with pytest.raises(DesignedError) as told:
        run(tmp_path, source)
    assert str(told.value).count("class.rar") == 1
    assert "zip with it" in str(told.value)


@pytest.mark.parametrize("file_times", [False, True])
def test_a_files_impossible_time_stops_nobody(tmp_path: Path, file_times: bool) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as tar:
        for number, time in enumerate(["1e300", "nan", "-1e18"]):
            info = tarfile.TarInfo(f"{number}/{LAB}.ipynb")
            info.size, info.pax_headers = len(BOOK), {"mtime": time}
            tar.addfile(info, io.BytesIO(BOOK))
    members = {f"Eve_66_assignsubmission_file_/{LAB}.tar": inner.getvalue(), **MOODLE}
    found = run(tmp_path, zipped(tmp_path / "moodle.zip", members), file_times=file_times)
    assert {"anna-ivanova-1234", "eve-66"} <= set(students(found))


def test_a_name_over_several_lines_hides_nobody(tmp_path: Path) -> None:
    with pytest.raises(DesignedError, match=r"line 2: 'anna01'.* goes over several lines"):
        run(tmp_path, roster='id,name\nanna01,"Anna\nboris2,Boris\nclara3,Clara\n')


def test_is_nothing_said_to_be_of_two_students() -> None:
    assert said(["x=anna", "x=anna"]) == {"x": "anna"}
    with pytest.raises(DesignedError, match="x can't be anna's and boris's"):
        said(["x=anna", "x=boris"])


@pytest.mark.parametrize(
    "change",
    [
        {"due": "2026-10-01T00:00"},
        {"due": "0001-01-01T00:00+14:00"},
        {"zone": "+99:99"},
        {"zone": "Mars/Base"},
        {"rule": "all of it"},
    ],
)
def test_a_record_that_is_odd_is_damaged(tmp_path: Path, change: dict[str, str]) -> None:
    run(tmp_path, zipped(tmp_path / "moodle.zip", MOODLE))
    place = record.path_of(tmp_path / "grading", LAB)
    place.write_text(json.dumps({**json.loads(place.read_text()), **change}))
    with pytest.raises(DesignedError, match="is damaged"):
        record.read(tmp_path / "grading", LAB)
