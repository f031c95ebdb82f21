"""What formgrader's server answers, asked without a browser: pages to mark, and no way in."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import nbformat
import pytest

from autograde.authoring import build
from autograde.formgrader.page import models
from autograde.gradebook import cells, scores, sound
from autograde.handing_in.collecting import record
from autograde.handing_in.collecting.record import Entry, Record
from autograde.results import Item, StudentResult
from autograde.tree import Tree
from tests.autograde.cli.test_cli import autograde
from tests.autograde.formgrader.marking import TOKEN, Marking, marking
from tests.conftest import MINI, MINI_SOURCE

ODD = "<img src=x onerror=quince()>"
SAYS = "Because {} says so, if x<y and y >z."
MODEL = "doubling is addition to itself"
FORMGRADER = "/formgrader"
CODE = "secret_factor_of_two"


@dataclass
class Class:
    """A class that marks, and a person who has opened its address."""

    work: Path
    marking: Marking
    person: OpenerDirector

    def asked(self, path: str, data: dict[str, object] | None = None, method: str = "") -> str:
        """The answer's text."""
        with self.person.open(self._request(path, data, method), timeout=90) as answer:
            return answer.read().decode()

    def refused(self, path: str, method: str = "GET") -> int:
        """The code of an answer that is an error."""
        with pytest.raises(HTTPError) as caught:
            self.asked(path, {} if method != "GET" else None, method)
        caught.value.close()
        return caught.value.code

    def opened(self, path: str) -> tuple[str, str]:
        """A page, and its policy."""
        with self.person.open(self._request(path, None, ""), timeout=90) as answer:
            return answer.read().decode(), answer.headers["Content-Security-Policy"]

    def _request(self, path: str, data: dict[str, object] | None, method: str) -> Request:
        jar = next(one for one in self.person.handlers if isinstance(one, HTTPCookieProcessor))
        xsrf = [one.value or "" for one in jar.cookiejar if one.name == "_xsrf"]
        body = None if data is None else json.dumps(data).encode()
        verb = method or ("POST" if body else "GET")
        headers = {"X-XSRFToken": xsrf[0]} if xsrf else {}
        return Request(self.marking.address + path, body, headers, method=verb)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, course: Tree) -> Tree:
    """A course with one tiny lab."""
    home = tmp_path_factory.mktemp("course")
    (home / "solutions" / MINI).mkdir(parents=True)
    (home / "course").mkdir()
    shutil.copy(course.root / "pyproject.toml", home)
    found = Tree(home)
    found.source(MINI).write_text(MINI_SOURCE)
    return found


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, tree: Tree) -> Path:
    """A graded class of two, one with a name that is markup; the class list knows the other."""
    work = tmp_path_factory.mktemp("class")
    cells.record(MINI, build.expected(tree, MINI).solution, work)
    release = nbformat.read(work / "release" / MINI / f"{MINI}.ipynb", 4)
    with scores.opened(work / "gradebook.db") as book:
        for student in ("anna", ODD):
            items = (Item("double", 2, "passed", 2.0), Item("why", 3, "manual", None))
            scores.save(book, MINI, scores.Scored(StudentResult(student, "graded", items)))
            folder = work / "autograded" / student / MINI
            folder.mkdir(parents=True)
            (folder / "evil.html").write_text("<script>quince()</script>")
            next(c for c in release.cells if c.id == "why").source = SAYS.format(student)
            nbformat.write(release, folder / f"{MINI}.ipynb")
    record.write(work, Record(MINI, students={"anna": Entry("Anna Ivanova")}))
    return work


@pytest.fixture(scope="module")
def class_(tree: Tree, work: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    home = tmp_path_factory.mktemp("home")
    witness = f"open({str(home / 'it-ran')!r}, 'w').close()"
    for folder in (home, work):  # where formgrader looks for its configuration
        (folder / "nbgrader_config.py").write_text(witness)
    with marking(tree, MINI, work, home) as found:
        jar = HTTPCookieProcessor(CookieJar())
        person = build_opener(jar)
        person.open(f"{found.address}/?token={TOKEN}", timeout=90).close()
        yield Class(work, found, person)
    assert not (home / "it-ran").exists()


def submissions(class_: Class) -> dict[str, str]:
    """Addresses of the pages on which to mark, by student."""
    found = json.loads(class_.asked(f"{FORMGRADER}/api/submitted_notebooks/{MINI}/{MINI}"))
    return {one["student"]: f"{FORMGRADER}/submissions/{one['id']}/" for one in found}


def test_do_model_answers_stand_beside_the_answers_and_in_no_file(class_: Class) -> None:
    page = class_.asked(submissions(class_)["anna"])
    assert html.escape(SAYS.format("anna")) in page  # as HTML it would lose its comparison
    assert MODEL in page
    assert CODE in page
    assert "Ivanova, Anna" in page
    stored = [*(class_.work / "autograded").rglob("*.*"), class_.work / "gradebook.db"]
    assert not [path for path in stored if MODEL.encode() in path.read_bytes()]


def test_is_what_is_worth_how_much_shown_in_a_model_answer(tree: Tree) -> None:
    text = MINI_SOURCE.replace("# Because", "# **1.** (2 points: 1 for\n# the sum) Because")
    tree.source(MINI).write_text(text)
    try:
        assert "<mark>(2 points: 1 for\nthe sum)</mark>" in models(tree, MINI)["why"]
    finally:
        tree.source(MINI).write_text(MINI_SOURCE)


def test_is_a_name_shown_as_text(class_: Class) -> None:
    """Stock: runs, as it stands in the page, and in any address that names a lab."""
    assert ODD not in class_.asked(submissions(class_)[ODD])
    assert html.escape(ODD) in class_.asked(submissions(class_)[ODD])
    assert ODD not in class_.asked(f"{FORMGRADER}/manage_submissions/{quote(ODD)}")


def test_does_a_policy_let_only_nbgraders_scripts_run(class_: Class) -> None:
    pages = ["gradebook", f"gradebook/{MINI}", f"manage_submissions/{MINI}", "manage_students"]
    for path in (*(f"{FORMGRADER}/{one}" for one in pages), *submissions(class_).values()):
        page, policy = class_.opened(path)
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert "'unsafe-inline'" not in rules["script-src"]
        inline = re.findall(r"<script(?![^>]*src=)([^>]*)>", page)
        marks = set(re.findall(r"'nonce-([^']+)'", rules["script-src"]))
        assert inline
        assert {one.strip() for one in inline} == {f'nonce="{mark}"' for mark in marks}
        assert "http" not in "".join(re.findall(r"<(?:script|link)[^>]*>", page))


def test_are_points_and_comments_kept_and_wait_no_more(class_: Class) -> None:
    number = submissions(class_)["anna"].split("/")[-2]
    grades = json.loads(class_.asked(f"{FORMGRADER}/api/grades?submission_id={number}"))
    (grade,) = [one for one in grades if one["name"] == "why"]
    assert grade["needs_manual_grade"]
    class_.asked(f"{FORMGRADER}/api/grade/{grade['id']}", {"manual_score": 2.5}, "PUT")
    with scores.opened(class_.work / "gradebook.db") as book:
        grade = book.find_grade("why", MINI, MINI, "anna")
        assert (grade.score, grade.needs_manual_grade) == (2.5, False)


@pytest.mark.parametrize(
    "sent",
    ['{"manual_score": "abc"}', '{"manual_score": NaN}', '{"manual_score": 1e400}',
     '{"manual_score": "-inf"}', '{"manual_score": -5}', '{"extra_credit": [1]}',
     '{"manual_score": true}', "[]", "null", "", "no", '"x"', "[" * 100_000],
)  # fmt: skip
def test_are_points_that_are_none_refused_and_the_old_ones_kept(class_: Class, sent: str) -> None:
    number = submissions(class_)["anna"].split("/")[-2]
    place = f"{FORMGRADER}/api/grades?submission_id={number}"
    before = json.loads(class_.asked(place))
    (grade,) = [one for one in before if one["name"] == "why"]
    asked = class_._request(f"{FORMGRADER}/api/grade/{grade['id']}", {}, "PUT")
    asked.data = sent.encode()
    with pytest.raises(HTTPError) as caught:
        class_.person.open(asked, timeout=90).close()
    caught.value.close()
    assert caught.value.code == 400
    assert json.loads(class_.asked(place)) == before


def test_are_points_taken_as_the_page_sends_them_and_taken_back(class_: Class) -> None:
    number = submissions(class_)["anna"].split("/")[-2]
    grades = json.loads(class_.asked(f"{FORMGRADER}/api/grades?submission_id={number}"))
    (grade,) = [one for one in grades if one["name"] == "why"]
    place = f"{FORMGRADER}/api/grade/{grade['id']}"
    sent: dict[str, object] = {"manual_score": "1.5", "extra_credit": "0.5"}
    assert json.loads(class_.asked(place, sent, "PUT"))["manual_score"] == 1.5
    sent = {"manual_score": None, "extra_credit": None}
    assert json.loads(class_.asked(place, sent, "PUT"))["needs_manual_grade"]


@pytest.mark.parametrize("sent", ['{"manual_comment": {"a": 1}}', '{"manual_comment": "\\ud800"}'])
def test_is_a_comment_that_is_no_text_refused(class_: Class, sent: str) -> None:
    number = submissions(class_)["anna"].split("/")[-2]
    (one, *_) = json.loads(class_.asked(f"{FORMGRADER}/api/comments?submission_id={number}"))
    asked = class_._request(f"{FORMGRADER}/api/comment/{one['id']}", {}, "PUT")
    asked.data = sent.encode()
    with pytest.raises(HTTPError) as caught:
        class_.person.open(asked, timeout=90).close()
    caught.value.close()
    assert caught.value.code == 400


@pytest.mark.parametrize(
    ("date", "zone"),
    [
        ("soon", "+0000"),
        ("2026-13-01T23:59", "UTC"),
        ("2026-10-01T23:59", "Nowhere/Town"),
        ("2026-10-01T23:59", "+99:99"),
        ("0001-01-01T00:00", "+0900"),
        ("12", None),
        ("", "\u0000"),
    ],
)
def test_is_a_due_date_that_is_no_time_refused_with_what_to_write(
    class_: Class, date: str, zone: str | None
) -> None:
    """Stock: 500, or another time."""
    place = f"{FORMGRADER}/api/assignment/{MINI}"
    before = json.loads(class_.asked(place))["duedate"]
    with pytest.raises(HTTPError) as caught:
        class_.asked(place, {"duedate_notimezone": date, "duedate_timezone": zone}, "PUT")
    with caught.value as answer:
        assert answer.code == 400
        told = answer.read().decode()
    assert "2026-10-01T23:59" in told
    assert "Europe/Berlin" in told
    assert json.loads(class_.asked(place))["duedate"] == before
    assert "Traceback" not in class_.marking.log.read_text()


@pytest.mark.parametrize(
    ("date", "zone", "kept"),
    [
        ("2026-10-01T23:59", "+0200", "2026-10-01T21:59:00"),
        ("2026-10-01 23:59", "+0200", "2026-10-01T21:59:00"),  # stock: 200 seconds off UTC
        ("2026-10-01T23:59", "Europe/Berlin", "2026-10-01T21:59:00"),
        ("2026-10-01 23:59:30", None, "2026-10-01T23:59:30"),
        ("2026-10-01T23:59-05:00", "UTC", "2026-10-02T04:59:00"),
        (None, None, None),
    ],
)
def test_is_a_due_date_kept_in_utc(
    class_: Class, date: str | None, zone: str | None, kept: str | None
) -> None:
    sent: dict[str, object] = {"duedate_notimezone": date, "duedate_timezone": zone}
    told = json.loads(class_.asked(f"{FORMGRADER}/api/assignment/{MINI}", sent, "PUT"))
    assert told["duedate"] == kept


def test_does_no_link_end_the_session_and_nothing_unknown_fill_the_terminal(class_: Class) -> None:
    """A student's answer may have a link, and the person who marks may follow it."""
    assert class_.refused("/logout") == 404
    assert class_.refused(f"{FORMGRADER}/nowhere/at/all") == 404
    assert "anna" in submissions(class_)
    assert "Traceback" not in class_.marking.log.read_text()


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (f"submission/{MINI}/anna/autograde", "autograde grade"),
        (f"assignment/{MINI}/assign", "autograde build"),
        (f"assignment/{MINI}/collect", "autograde collect"),
        (f"assignment/{MINI}/release", "autograde publish"),
        (f"assignment/{MINI}/generate_feedback", "autograde feedback"),
        (f"assignment/{MINI}/anna/generate_feedback", "autograde feedback"),
        (f"assignment/{MINI}/anna/release_feedback", "autograde return"),
    ],
)
def test_does_a_button_that_would_act_say_which_command_to_use(
    class_: Class, path: str, command: str
) -> None:
    told = json.loads(class_.asked(f"{FORMGRADER}/api/{path}", {}))
    assert not told["success"]
    assert command in told["log"]


def test_is_there_no_way_to_a_kernel_a_terminal_or_a_file(class_: Class) -> None:
    for path in ("/api/kernels", "/api/sessions", "/api/terminals", "/api/contents", "/lab"):
        assert class_.refused(path) == 404
        assert class_.refused(path, "POST") in (403, 404, 405)
    for path in ("/files/gradebook.db", f"/nbconvert/html/autograded/anna/{MINI}/{MINI}.ipynb"):
        assert class_.refused(path) == 404
    assert class_.refused(f"{submissions(class_)['anna']}evil.html") == 404


def test_does_no_address_make_it_read_another_configuration(class_: Class) -> None:
    """Stock: runs the nbgrader_config.py of the folder, so a link in a notebook could."""
    page = class_.asked(f"{FORMGRADER}/?path={quote(str(class_.work))}")
    assert f'assignment_id = "{MINI}"' in page
    assert len(submissions(class_)) == 2


def test_does_nobody_get_in_without_the_token(class_: Class) -> None:
    stranger = build_opener()
    for path in (f"/api/grades?submission_id={'0' * 32}", f"/gradebook/{MINI}/{MINI}", "/"):
        with stranger.open(f"{class_.marking.address}{FORMGRADER}{path}", timeout=90) as answer:
            assert "/login" in answer.url


def test_is_what_another_grading_wrote_seen_at_once(class_: Class) -> None:
    number = submissions(class_)[ODD].split("/")[-2]
    asked = f"{FORMGRADER}/api/comments?submission_id={number}"
    assert "seen twice" not in class_.asked(asked)
    with scores.opened(class_.work / "gradebook.db") as book:
        for comment in book.find_submission(MINI, ODD).notebooks[0].comments:
            comment.manual_comment = "seen twice"
        book.db.commit()
    assert "seen twice" in class_.asked(asked)


def test_does_ctrl_c_end_it(tree: Tree, work: Path, tmp_path: Path) -> None:
    with marking(tree, MINI, work, tmp_path) as found:
        assert found.ended() == 0
        said = found.log.read_text()
    assert said.startswith(f"{MINI}: 2 students, ")
    assert "Marking has ended. `autograde feedback" in said
    assert "Traceback" not in said


def test_is_a_lab_that_is_not_graded_refused(tree: Tree, tmp_path: Path) -> None:
    done = autograde(tree, "mark", MINI, "--workdir", str(tmp_path / "none"))
    assert done.returncode == 2
    assert f"Run `autograde grade {MINI} --workdir" in done.stderr


def test_is_it_refused_while_another_grading_is_at_work(tree: Tree, work: Path) -> None:
    with sound.alone(work):
        done = autograde(tree, "mark", MINI, "--workdir", str(work))
    assert done.returncode == 2
    assert "another grading is at work here" in done.stderr


def test_is_a_port_that_is_taken_named(class_: Class, tree: Tree, tmp_path: Path) -> None:
    port = class_.marking.address.rpartition(":")[2]
    with pytest.raises(AssertionError, match=f"port {port}: it is taken"):
        marking(tree, MINI, class_.work, tmp_path, "--port", port).__enter__()
    assert "Traceback" not in (tmp_path / "log").read_text()
