"""Grade files: what stands in them where a grade is not final, or not safe to open."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from autograde.cli import returning
from autograde.errors import DesignedError
from autograde.gradebook.deadlines import Standing
from autograde.handing_in.collecting.record import Entry, Record
from autograde.reports import parcels
from autograde.reports.export import Target, text
from autograde.reports.grade_sheet import ExportError, Sheet, lines, safe
from autograde.reports.worksheets import absent

LAB = "lab01_activations"
KNOWN = Record(
    LAB,
    students={
        "anna": Entry("Anna Ivanova", "anna@uni.example", lms_id="1"),
        "boris": Entry('=HYPERLINK("http://evil")', "+boris@uni.example", lms_id="2"),
        "clara": Entry("Clara Müller", lms_id="3"),
        "dora": Entry("Dora Novak", lms_id="4"),
    },
)
STANDINGS = [
    Standing("anna", 30.5, 40, unread=1),
    Standing("boris", 20, 40, penalty=4, late=90_000),
    Standing("clara", 0, 40),
]
OUTCOMES = {"anna": "graded", "boris": "graded", "clara": "ungradable"}


def sheet(**more) -> Sheet:
    return Sheet(LAB, lines(KNOWN, STANDINGS, OUTCOMES), **more)  # type: ignore[arg-type]


def rows(target: Target, **more) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(target, sheet(**more)), newline="")))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", " =1+1", "\u00a0@A1"])
def test_is_no_cell_a_formula(cell: str) -> None:
    assert safe(cell) == f"'{cell}"
    assert safe("Ivanova-Petrova, A. = B") == "Ivanova-Petrova, A. = B"


@pytest.mark.parametrize("end", [";", "; ", "\t", "\n", "\r\n "])
def test_is_nothing_a_formula_where_another_sign_ends_a_cell(end: str) -> None:
    """Excel takes the semicolon for the comma by the system's language, and reads a quotation mark
    within a cell as itself: what is behind begins a cell.
    """
    found = safe(f"Anna{end}=HYPERLINK(1){end}＝2{end}-3")
    assert [part.strip()[:1] for part in re.split(r"[;\t\r\n]+", found)] == ["A", "'", "'", "'"]
    assert safe("Well done;\n- but read on; see 2") == "Well done;\n- but read on; see 2"


@pytest.mark.parametrize("target", ["moodle", "canvas", "gradescope", "csv"])
def test_can_no_students_name_be_run_by_a_spreadsheet(target: Target) -> None:
    for row in csv.reader(io.StringIO(text(target, sheet()), newline="")):
        assert not [cell for cell in row if cell != "-" and cell.startswith(("=", "+", "-", "@"))]


def test_is_what_could_not_be_read_or_is_missing_no_zero() -> None:
    found = {row["Identifier"]: row for row in rows("moodle")}
    assert [found[f"Participant {n}"]["Grade"] for n in (1, 2, 3, 4)] == ["30.5", "16", "", ""]
    assert "1 answer is not yet read" in found["Participant 1"]["Feedback comments"]
    assert "late: 4 off" in found["Participant 2"]["Feedback comments"]
    assert "your teacher looks" in found["Participant 3"]["Feedback comments"]
    students = {one["student"]: one for one in json.loads(text("json", sheet()))["students"]}
    assert [students[name]["grade"] for name in ("anna", "boris", "clara", "dora")] == [
        30.5, 16.0, None, None
    ]  # fmt: skip
    assert students["dora"]["outcome"] == "not graded"
    status = {row["SID"]: row["Status"] for row in rows("gradescope")}
    assert (status["clara"], status["dora"]) == ("Ungraded", "Missing")


def test_are_unfinished_grades_left_out_where_a_person_asks() -> None:
    assert [row["Grade"] for row in rows("moodle", unread=False)] == ["", "16", "", ""]


def test_is_a_worksheet_filled_and_nothing_else_in_it_changed() -> None:
    template = [["Identifier", "Vollständiger Name", "Bewertung", "Höchste Bewertung", "Kommentar"],
                ["Teilnehmer/in 1", "Anna Ivanova", "", "100,00", "old"],
                ["Teilnehmer/in 9", "Zoe Adams", "55", "100,00", "old"]]  # fmt: skip
    found = rows("moodle", template=template, out_of=100)
    assert [row["Bewertung"] for row in found] == ["76,25", "55"]  # as 100,00 is written there
    assert found[1]["Kommentar"] == "old"


def test_is_a_worksheet_of_another_assignment_refused() -> None:
    template = [["Identifier", "Full name", "Grade"], ["Participant 1", "Zoe Adams", ""]]
    with pytest.raises(ExportError, match="another assignment's"):
        text("moodle", sheet(template=template))


def test_is_a_worksheet_refused_that_has_nobody_collected_here() -> None:
    template = [["Identifier", "Full name", "Grade"], ["Participant 778", "Anna Ivanova", ""]]
    with pytest.raises(ExportError, match="none of the worksheet's 1 lines"):
        text("moodle", sheet(template=template))
    header = ["Student", "ID", "SIS Login ID", "Lab 1 (11)"]
    with pytest.raises(ExportError, match="nobody of this class"):
        text("canvas", sheet(template=[header, ["Ivanova, Anna", "778", "zzz", ""]]))


def test_are_two_of_one_name_told_apart_by_their_mail() -> None:
    header = ["Identifier", "Full name", "Email address", "Grade"]
    template = [header, ["Participant 2", "", "anna@uni.example", ""]]
    with pytest.raises(ExportError, match="has the mail address of anna"):
        text("moodle", sheet(template=template))


def test_is_who_has_a_grade_and_no_line_in_the_template_named() -> None:
    template = [["Identifier", "Full name", "Grade"], ["Participant 2", "", ""]]
    assert absent("moodle", sheet(template=template)) == ["anna"]
    gradebook = [["Student", "ID", "Lab 1 (11)"], ["Ivanova, Anna", "1", ""]]
    assert absent("canvas", sheet(template=gradebook)) == ["boris"]
    assert absent("moodle", sheet()) == []


def test_are_the_words_of_a_teacher_in_a_worksheet_kept() -> None:
    header = ["Identifier", "Full name", "Grade", "Feedback comments"]
    template = [header, ["Participant 1", "Anna Ivanova", "", "See me.\nBring paper."]]
    once = rows("moodle", template=template)
    own = "30.5 of 40 points; 1 answer is not yet read by a person."
    assert once[0]["Feedback comments"] == f"See me.\nBring paper.\n{own}"
    again = rows("moodle", template=[header, list(once[0].values())])
    assert again == once


@pytest.mark.parametrize(
    "header",
    [
        ["ID", "Vollständiger Name", "Bewertung", "Bestwertung"],
        ["Идентификатор", "Полное имя", "Оценка", "Максимальная оценка"],
        ["Identifiant", "Nom complet", "Note", "Note maximale"],
    ],
)
def test_is_another_maximum_noticed_in_every_language(header: list[str]) -> None:
    template = [header, ["Teilnehmer/in1", "Anna Ivanova", "", "20,00"]]
    with pytest.raises(ExportError, match="go to 20, the lab's to 40"):
        text("moodle", sheet(template=template))
    (found,) = rows("moodle", template=template, out_of=20)
    assert found[header[2]] == "15,25"


def test_is_another_maximum_noticed_in_canvas() -> None:
    header = ["Student", "ID", "Lab 1 (11)"]
    template = [header, ["    Points Possible", "", "20.0"], ["Ivanova, Anna", "1", ""]]
    with pytest.raises(ExportError, match="go to 20, the lab's to 40"):
        text("canvas", sheet(template=template))
    assert rows("canvas", template=template, out_of=20)[1]["Lab 1 (11)"] == "15.25"


def test_does_no_comment_tell_a_grade_that_is_left_out() -> None:
    found = {row["Identifier"]: row for row in rows("moodle", unread=False)}
    assert found["Participant 1"]["Feedback comments"] == ""
    assert "20 of 40" in found["Participant 2"]["Feedback comments"]


def test_is_a_column_asked_for_where_several_could_be_meant() -> None:
    header = ["Student", "ID", "Lab 1 (11)", "Lab 01 bonus (12)", "Lab 10 (13)"]
    with pytest.raises(ExportError, match="Pass --column 'NAME', as it stands"):
        text("canvas", sheet(template=[header]))
    template = [header, ["Ivanova, Anna", "1", "", "", ""]]
    found = rows("canvas", template=template, column="Lab 1 (11)")
    assert found[1:] == [{"Student": "Ivanova, Anna", "ID": "1", "Lab 1 (11)": "30.5"}]


def test_is_told_which_lms_knows_the_pages() -> None:
    folder = "Anna Ivanova_1_assignsubmission_file_"
    known = Record(LAB, students={"anna": Entry(naming={"moodle": [folder]})})
    assert parcels.homes(known, ["anna", "boris"]) == ["moodle", "plain"]
    told = returning._not_from("canvas", LAB, parcels.homes(known, ["anna"]))
    assert told.endswith(f"was collected from Moodle. Run `autograde return {LAB} --to moodle`.")
    assert "was not collected from an LMS" in returning._not_from("canvas", LAB, ["plain"])


def test_does_no_grade_file_take_anothers_place() -> None:
    wishes: list[dict] = [
        {},
        {"template": Path("section A.csv")},
        {"template": Path("section B.csv")},
        {"column": "Lab 1 (12)"},
        {"out_of": 20.0},
        {"finished": True},
    ]
    names = [returning._named(LAB, "canvas", **wish) for wish in wishes]
    assert names[0] == f"{LAB}-canvas"
    assert names[1] == f"{LAB}-canvas-section_A"
    assert len(set(names)) == len(wishes)


MOODLES = [["Identifier", "Full name", "Lab 1", "Lab 2"], ["Participant 1", "Anna Ivanova", "", ""]]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("", "which column of the template has the grades? Pass --column 'NAME'"),
        ("Lab 9", "no column of the template is called Lab 9. Pass --column 'NAME'"),
    ],
)
def test_does_an_error_about_the_column_list_those_that_there_are(column: str, told: str) -> None:
    with pytest.raises(ExportError, match=re.escape(told)) as error:
        text("moodle", sheet(template=MOODLES, column=column))
    assert "Its columns: Identifier, Full name, Lab 1, Lab 2." in str(error.value)
    assert rows("moodle", template=MOODLES, column="lab 2")[0]["Lab 2"] == "30.5"


def test_is_a_column_that_is_there_twice_told_so() -> None:
    twice = [["Identifier", "Full name", "Lab 1", "Lab 1"], MOODLES[1]]
    with pytest.raises(ExportError, match="2 columns of the template are called Lab 1"):
        text("moodle", sheet(template=twice, column="Lab 1"))


@pytest.mark.parametrize(
    ("to", "template", "column", "told"),
    [
        ("csv", Path("worksheet.csv"), "", "add --to moodle or --to canvas"),
        ("json", None, "Lab 1", "leave it out"),
        ("moodle", None, "Lab 1", "names a column of --template FILE"),
    ],
)
def test_is_nothing_that_is_asked_for_passed_over(
    to: str, template: Path | None, column: str, told: str
) -> None:
    with pytest.raises(DesignedError, match=told):
        returning._check_template(to, template, column)
    returning._check_template("canvas", None, "Lab 1 (77)")
