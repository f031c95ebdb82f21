"""A week's round: an LMS's archive in, grades and feedback out, under the LMS's own names."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbgrader.plugins import CsvExportPlugin

from autograde.authoring import samples
from autograde.gradebook import scores
from autograde.tree import find
from tests.autograde.cli.test_cli import autograde

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
WRITTEN = "why_top5"
CLASS = (
    # sample, id, name, number, when, what the file is called
    ("reference", "anna", "Anna Ivanova", 11, "Thursday, 1 October 2026, 11:00 PM", "{lab}.ipynb"),
    ("wrong-axes", "boris", "Boris Petrov", 12, "Saturday, 3 October 2026, 9:00 AM",
     "{lab} (1).ipynb"),
    ("not-attempted", "clara", "Clara Müller", 13, "Saturday, 3 October 2026, 9:00 AM",
     "Copy of {lab}.ipynb"),
)  # fmt: skip
WORKSHEET = (
    "Identifier", "Full name", "ID number", "Email address", "Status", "Grade", "Maximum grade",
    "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
    "Feedback comments",
)  # fmt: skip


@dataclass(frozen=True)
class Round:
    """A graded class and what the LMSs gave."""

    work: Path
    worksheet: Path
    gradebook: Path  # Canvas's

    def run(self, *words: str):
        return autograde(COURSE, *words, "--workdir", str(self.work))

    def written(self, name: str) -> list[dict[str, str]]:
        text = (self.work / "returned" / name).read_bytes().decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))


def table(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture(scope="module")
def week(tmp_path_factory) -> Round:
    """Moodle's archive collected and graded, one written answer marked by hand."""
    home = tmp_path_factory.mktemp("week")
    samples.hand_in(samples.load(COURSE.samples(LAB)), COURSE, LAB, home / "samples")
    books = {name: home / "samples" / name / LAB / f"{LAB}.ipynb" for name, *_ in CLASS}
    rows, theirs = [list(WORKSHEET)], [["Student", "ID", "SIS Login ID", "Section", "Lab 0 (77)"]]
    theirs.append(["    Points Possible", "", "", "", "10"])
    with (
        zipfile.ZipFile(home / "moodle.zip", "w") as moodle,
        zipfile.ZipFile(home / "canvas.zip", "w") as canvas,
    ):
        for sample, student, name, number, when, called in CLASS:
            data, called = books[sample].read_bytes(), called.format(lab=LAB)
            moodle.writestr(f"{name}_{number}_assignsubmission_file_/{called}", data)
            flat = "".join(reversed(name.lower().split()))
            canvas.writestr(f"{flat}_{100 + number}_{200 + number}_{called}", data)
            mail, state = f"{student}@uni.example", ["Submitted", "", "100", "Yes"]
            rows.append([f"Participant {number}", name, student, mail, *state, when, "-", ""])
            theirs.append([", ".join(reversed(name.split())), str(100 + number), student, "=1+1",
                           ""])  # fmt: skip
        moodle.writestr("../evil", b"")
    found = Round(
        home / "grading",
        table(home / "worksheet.csv", rows),
        table(home / "canvas.csv", theirs),
    )
    done = found.run(
        "collect", LAB, str(home / "moodle.zip"), "--roster", str(found.worksheet),
        "--deadline", "2026-10-01T23:59+02:00", "--late-penalty", "10%/day",
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr  # the bad member is named
    assert "leads out of the archive" in done.stdout
    assert found.run("grade", LAB).returncode == 0
    with scores.opened(found.work / "gradebook.db") as book:  # the rule holds from grading on
        (boris,) = book.find_submission(LAB, "boris").notebooks
        assert boris.late_submission_penalty > 0
    done = found.run("collect", LAB, str(home / "canvas.zip"), "--roster", str(found.gradebook))
    assert (done.returncode, done.stdout.count("the same")) == (0, 4), done.stdout
    with scores.opened(found.work / "gradebook.db") as book:
        grade = book.find_grade(WRITTEN, LAB, LAB, "anna")
        grade.manual_score, grade.needs_manual_grade = 0.5, False
        book.db.commit()
    return found


def test_do_names_points_and_penalties_come_back_to_moodle(week: Round) -> None:
    done = week.run("export", LAB, "--to", "moodle", "--template", str(week.worksheet))
    assert done.returncode == 2
    assert "pass --out-of 100" in done.stderr
    words = ("--template", str(week.worksheet), "--out-of", "100")
    done = week.run("export", LAB, "--to", "moodle", *words)
    assert done.returncode == 0, done.stderr
    points = scores.read(week.work / "gradebook.db", LAB)
    most = json.loads((week.work / "results" / f"{LAB}.json").read_text())["students"][0]["maximum"]
    rows = week.written(f"{LAB}-moodle-worksheet-out-of-100.csv")
    assert list(rows[0]) == list(WORKSHEET)
    assert [row["Full name"] for row in rows] == [name for _, _, name, *_ in CLASS]
    for row in rows:
        earned = sum(points[row["ID number"]].values())
        kept = 1.0 if row["ID number"] == "anna" else 0.8  # a day and a half: two begun
        assert float(row["Grade"]) == pytest.approx(earned * kept * 100 / most, abs=0.06)
    assert "handed in late" in rows[1]["Feedback comments"]
    assert "not yet read by a person" in rows[1]["Feedback comments"]
    assert "not yet read" not in rows[0]["Feedback comments"]


def test_does_nbgrader_itself_see_lateness_and_penalty(week: Round, tmp_path: Path) -> None:
    assert week.run("export", LAB, "--to", "csv").returncode == 0
    ours = {row["student"]: row for row in week.written(f"{LAB}-csv.csv")}
    with scores.opened(week.work / "gradebook.db") as book:
        late = book.find_submission(LAB, "boris").total_seconds_late
        CsvExportPlugin(to=str(tmp_path / "grades.csv")).export(book)
    assert late == float(ours["boris"]["seconds_late"]) > 86_400
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text("utf-8").splitlines()))
    assert {row["student_id"]: float(row["score"]) for row in rows} == pytest.approx(
        {student: float(row["grade"]) for student, row in ours.items()}, abs=0.01
    )
    assert rows[0]["last_name"]
    assert rows[0]["email"].endswith("@uni.example")


def moodles_reading(path: str) -> tuple[int, str]:
    """The participant and the file's name, as Moodle's import of feedback files reads them."""
    parts = path.split("/")
    while parts:
        info = parts.pop(0).split("_", 4)
        if len(info) >= 4 and info[1].isdigit() and info[2:4] == ["assignsubmission", "file"]:
            return int(info[1]), "/".join([*info[4:], *parts]).lstrip("/")
    raise AssertionError(f"Moodle ignores {path}")


def test_is_the_feedback_named_as_moodle_and_canvas_read_it(week: Round) -> None:
    done = week.run("return", LAB, "--to", "moodle")
    assert done.returncode == 0, done.stderr
    assert "not final (1): boris" in done.stdout
    with zipfile.ZipFile(week.work / "returned" / f"{LAB}-moodle.zip") as archive:
        names = archive.namelist()
        pages = [archive.read(name) for name in names]
    assert [moodles_reading(name) for name in names] == [
        (number, "feedback.html") for number in (11, 12, 13)
    ]
    students = [student for _, student, *_ in CLASS]
    there = [week.work / "feedback" / student / LAB / f"{LAB}.html" for student in students]
    assert pages == [page.read_bytes() for page in there]
    assert week.run("return", LAB, "--to", "canvas", "--finished").returncode == 0
    with zipfile.ZipFile(week.work / "returned" / f"{LAB}-canvas-finished.zip") as archive:
        # Canvas reads the student and the file from the first two numbers.
        numbers = [re.findall(r"(?<=_)\d+(?=_)", name)[:2] for name in archive.namelist()]
    assert numbers == [["111", "211"], ["113", "213"]]


def test_is_nothing_made_again_that_is_still_so(week: Round) -> None:
    assert week.run("return", LAB, "--to", "plain").returncode == 0
    kept = [week.work / "gradebook.db", *sorted((week.work / "feedback").rglob("*.html"))]
    before = [path.stat().st_mtime_ns for path in kept]
    assert len(kept) == 4
    for words in (("export", LAB), ("return", LAB, "--to", "plain")):
        assert week.run(*words).returncode == 0
    assert [path.stat().st_mtime_ns for path in kept] == before


def test_does_canvas_get_its_own_columns_and_no_formula(week: Round) -> None:
    done = week.run("export", LAB, "--to", "canvas", "--template", str(week.gradebook))
    assert done.returncode == 0, done.stderr
    possible, *rows = week.written(f"{LAB}-canvas-canvas.csv")
    assert possible["Student"].strip() == "Points Possible"
    assert [row["ID"] for row in rows] == ["111", "112", "113"]
    assert {row["Section"] for row in rows} == {"'=1+1"}
    ours = {one["student"]: one for one in exported(week)["students"]}
    assert all(float(row["Lab 0 (77)"]) == ours[row["SIS Login ID"]]["grade"] for row in rows)
    assert float(possible["Lab 0 (77)"]) == ours["anna"]["maximum"]


def exported(week: Round) -> dict:
    assert week.run("export", LAB, "--to", "json").returncode == 0
    return json.loads((week.work / "returned" / f"{LAB}-json.json").read_text())


def test_does_gradescopes_table_have_every_exercise(week: Round) -> None:
    assert week.run("export", LAB, "--to", "gradescope").returncode == 0
    rows = week.written(f"{LAB}-gradescope.csv")
    ours = {one["student"]: one for one in exported(week)["students"]}
    for row in rows:
        cells = [float(value) for head, value in row.items() if head.endswith("pts)")]
        assert cells == [one["points"] for one in ours[row["SID"]]["cells"].values()]
    assert [row["Status"] for row in rows] == ["Graded", "Ungraded", "Graded"]


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["export", LAB, "--output"], "--output"),
        (["return", LAB, "--output"], "--output"),
        (["report", LAB, "--page"], "--page"),
        (["report", LAB, "--json"], "--json"),
        (["grade", LAB, "--json"], "--json"),
        (["collect", LAB, ".", "--json"], "--json"),
    ],
)
def test_no_option_writes_over_what_the_class_needs(
    week: Round, words: list[str], option: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "copy"  # a gradebook of another class, under any name
    elsewhere.write_bytes((week.work / "gradebook.db").read_bytes())
    needed = (f"submitted/anna/{LAB}/{LAB}.ipynb", f"journal/{LAB}.jsonl", "gradebook.db")
    for place in (elsewhere, *(week.work / name for name in needed)):
        before = place.read_bytes()
        done = week.run(*words, str(place))
        assert (done.returncode, place.read_bytes()) == (2, before)
        assert f"{option} {place}: there is a file that the class needs" in done.stderr


def test_may_an_option_name_a_file_of_its_own_again(week: Round, tmp_path: Path) -> None:
    for place in (tmp_path / "a.csv", week.work / "a.csv", week.work / "returned" / "a.csv"):
        for _ in range(2):
            assert week.run("export", LAB, "--output", str(place)).returncode == 0


@pytest.mark.parametrize("out_of", ["nan", "inf", "-5", "0", "1e308"])
def test_are_grades_scaled_to_a_maximum_only(week: Round, out_of: str) -> None:
    done = week.run("export", LAB, "--out-of", out_of)
    assert done.returncode == 2
    assert "grades can't be scaled to that" in done.stderr or "'--out-of': Input" in done.stderr


def test_is_an_empty_template_not_taken_for_none(week: Round, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    done = week.run("export", LAB, "--to", "moodle", "--template", str(tmp_path / "empty.csv"))
    assert (done.returncode, "is empty: download it" in done.stderr) == (2, True)


def test_is_a_short_line_of_a_template_filled_in(week: Round, tmp_path: Path) -> None:
    header, *_ = week.worksheet.read_text().splitlines()
    short = tmp_path / "short.csv"
    short.write_text(f"{header}\nParticipant 11,Anna Ivanova\n")
    done = week.run("export", LAB, "--to", "moodle", "--template", str(short), "--out-of", "100")
    assert done.returncode == 0, done.stderr
    (line,) = week.written(f"{LAB}-moodle-short-out-of-100.csv")
    assert float(line["Grade"]) > 0
