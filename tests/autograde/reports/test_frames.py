"""Whose words a page shows: nothing of a student's passes for ours, or hides."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from traitlets.config import Config

from autograde.gradebook.marks import Marks
from autograde.gradebook.scores import Scored, opened, save
from autograde.handing_in.normalise.flags import Flag
from autograde.handing_in.normalise.to_student import to_student
from autograde.marking.grader import noticed
from autograde.reports.feedback import StudentPage, page_settings
from autograde.reports.inert import Inert
from autograde.reports.markup import clean, from_markdown
from autograde.results import Item, StudentResult
from course.checks import panel
from course.checks.report import Report
from course.checks.results import CaseResult
from tests.autograde.reports.test_inert import page

SAID = "</p><h2>Full points</h2> **40 of 40** [x](javascript:1) `code` $x^2$ <b>b</b>"
PANEL = panel.html(Report("relu", "", (CaseResult("a few numbers", "passed", 1.0),), 1))
WHOLE = panel.html(
    Report(
        "relu",
        "about",
        tuple(
            CaseResult(
                "a few numbers", outcome, 1.0, "relu(x)", "1", "2", "so", "think", "slip", "values",
                "again", "printed", "warned",
            )
            for outcome in ("passed", "failed", "skipped", "grader_error")
        ),
        1,
    )
)  # fmt: skip
OURS = "Added or changed by the student"


def marked(cell: NotebookNode, **marks: object) -> NotebookNode:
    cell.metadata["nbgrader"] = {"grade_id": "why", "points": 1, "score": 0, **marks}
    return cell


def styles(text: str) -> list[str]:
    return re.findall(r'style="([^"]*)"', text)


# What a student's cell raised


def test_what_a_cell_raised_is_quoted_and_is_nobodys_comment(tmp_path):
    shown = graded(tmp_path, Flag("answer-stops", "info", "why", f"the answer cell stops: {SAID}"))
    told = shown.partition('<div class="comment">')[2].partition("</div>")[0]
    assert unescape(told) == f"Your cell stopped: <code>{SAID.replace('`', chr(39))}</code>"
    assert told.count("<") == 2
    assert "Comment" not in shown.partition("<body>")[2]


@pytest.mark.parametrize("said", ["", "ValueError", "``` \\", "a`b"])
def test_whatever_it_raised_is_all_of_it_code_for_nbgrader_too(said):
    flag = Flag("answer-stops", "info", "why", f"the answer cell stops: {said}**x**<b>")
    told = from_markdown(to_student(flag))
    assert unescape(told).endswith(f"{said.replace('`', chr(39))}**x**<b></code></p>\n")


def test_a_persons_comment_is_markdown_and_a_comment(tmp_path):
    shown = graded(tmp_path, comment="**Well** done")
    assert "<b>Comment</b> <p><strong>Well</strong> done</p>" in shown


def graded(folder: Path, *flags: Flag, comment: str | None = None) -> str:
    """The page of an answer, with what the gradebook says of it."""
    path = folder / "gradebook.db"
    cell = new_code_cell("raise Remark")
    cell.metadata["nbgrader"] = {"grade_id": "why", "solution": True, "grade": True, "points": 1}
    with opened(path) as book:
        book.add_assignment("lab")
        book.add_notebook("lab", "lab")
        book.add_grade_cell("why", "lab", "lab", max_score=1, cell_type="code")
        book.add_solution_cell("why", "lab", "lab")
        result = StudentResult("anna", "graded", (Item("why", 1, "failed", 0.0),), flags)
        save(book, "lab", Scored(result))
        book.find_comment("why", "lab", "lab", "anna").manual_comment = comment
        book.db.commit()
    about = {"notebook": "lab", "assignment": "lab", "student": "anna"}
    exporter = StudentPage(config=page_settings(folder))
    exporter.register_preprocessor(Marks, enabled=True)
    shown, _ = exporter.from_notebook_node(
        new_notebook(cells=[cell]), {"nbgrader": about | {"db_url": f"sqlite:///{path}"}}
    )
    return str(shown)


def test_a_file_name_in_a_notice_is_no_markdown():
    name = "# **Full points** <b>x</b> [y](http://e) `z` $x^2$ &amp; > .ipynb"
    flag = Flag("wrong-file-name", "info", "", f"{name}. Rename.")
    cell = noticed(new_notebook(), (flag,)).cells[0]
    shown = from_markdown(cell.source)
    assert f"<li>{name}.</li>" in unescape(shown)
    assert "<b>" not in shown
    assert shown.count("<strong>") == 1


# Panels that are none


@pytest.mark.parametrize("template", ["student_page", "formgrade"])
def test_a_panel_in_a_students_cell_or_output_has_no_tones_and_borders(template):
    shown = PANEL + '<p style="color:white;font-size:0;opacity:0">x</p>'
    cells = [
        new_markdown_cell(shown),
        new_code_cell("x", outputs=[new_output("display_data", {"text/html": shown})]),
        marked(new_markdown_cell(shown), solution=True),
    ]
    calm = [
        new_markdown_cell("x"),
        new_code_cell("x"),
        marked(new_markdown_cell("x"), solution=True),
    ]
    if template == "formgrade":
        cells[2].metadata.nbgrader["grade"] = calm[2].metadata.nbgrader["grade"] = True
    book = page(new_notebook(cells=cells), template)
    assert "1 of 1 points" in book
    assert styles(book) == styles(page(new_notebook(cells=calm), template))


def test_our_own_panel_keeps_them():
    check = new_code_cell("check()", outputs=[new_output("display_data", {"text/html": PANEL})])
    shown = page(new_notebook(cells=[marked(check, grade=True)]), "formgrade")
    assert "border-left:4px solid #2a7d4f" in shown


def test_nothing_of_our_panels_look_is_lost() -> None:
    declared = {one for style in re.findall('style="(.*?)"', WHOLE) for one in style.split(";")}
    kept = clean(WHOLE)
    assert {one for one in filter(None, declared) if one not in kept.replace(": ", ":")} == set()


def test_a_table_keeps_how_it_is_aligned():
    table = '<table><tr style="text-align: right;"><th style="width:9px">a</th></tr></table>'
    cell = new_code_cell("x", outputs=[new_output("display_data", {"text/html": table})])
    shown = page(new_notebook(cells=[cell]))
    assert '<tr style="text-align: right">' in shown
    assert "width:9px" not in shown


@pytest.mark.parametrize("template", ["student_page", "formgrade"])
def test_a_students_own_cells_stand_in_a_frame_and_the_labs_do_not(tmp_path, template):
    lab = new_notebook(cells=[new_markdown_cell("# The lab"), new_code_cell("import torch")])
    (tmp_path / "release" / "lab").mkdir(parents=True)
    nbformat.write(lab, tmp_path / "release" / "lab" / "lab.ipynb")
    book = nbformat.from_dict(lab)
    book.cells += [new_markdown_cell("</div></div>mine\n\n# x"), new_code_cell("mine()")]
    book.cells += [marked(new_code_cell("answer"), solution=True), *noticed(lab, ()).cells[:1]]
    config = Config()
    config.CourseDirectory.autograded_directory = str(tmp_path / "autograded")
    for about in (
        {"nbgrader": {"assignment": "lab", "notebook": "lab"}},
        {"assignment_id": "lab", "notebook_id": "lab"},
    ):
        shown, _ = Inert(config=config).preprocess(book, about)
        assert ["theirs" in cell.metadata for cell in shown.cells] == [0, 0, 1, 1, 0, 0]
    frames = page(book, template).split('<div class="theirs"')[1:]
    assert len(frames) == 4  # as no release is known there; the notice is ours
    assert all(OURS in frame for frame in frames)
    assert re.search(r"mine.*</h1>\s*</div>", frames[2], re.DOTALL)


# What is as large as it likes


HUGE = (
    '<div style="padding-top:33000000px;font-size:9000px;line-height:99">x</div>',
    '<div style="border:900px solid red;width:900000px;margin-top:99999999px">x</div>',
    '<p style="padding:1px 1px 1px 1px 33000000px;border-left:9999px solid red">x</p>',
    '<p style="margin:4px 9999px;opacity:0.01;text-indent:-99em;padding:4.5e9em">x</p>',
    '<img src="data:image/png;base64,AAAA" width=99999999 height=99999999>',
    "<table><tr><td colspan=1000 rowspan=65534>x</table><ol start=-99999999999999><li>x</ol>",
)


@pytest.mark.parametrize("text", HUGE)
def test_no_box_is_large_or_unseen_not_even_a_panel(text):
    for shown in (clean(text), from_markdown(text)):
        assert not re.search(r"\d{3}|opacity|-99|e9", shown)


@pytest.mark.parametrize(
    "tex",
    [r"\rule{900em}{900em}", r"\hspace{-50em}x", r"\kern-20em x", r"\mspace{-90mu}y",
     r"\moveleft 900em x", r"\rule{3em}{3em}" * 20, r"\hspace{900px}", r"\hspace{9cm}"],
)  # fmt: skip
def test_a_formula_that_is_larger_than_its_page_is_shown_as_written(tex):
    shown = from_markdown(f"${tex}$")
    assert tex in shown or not re.search(r'="-?\d', shown)


def test_a_formulas_letters_do_not_grow():
    assert "size" not in from_markdown(r"${\Huge{\Huge{\Huge x}}}$")
    assert "mpadded" not in (smash := from_markdown(r"$\smash{x}\mathrlap{xx}$")) or "=" not in (
        "".join(re.findall("<mpadded[^>]*>", smash))
    )


def test_formulas_of_the_labs_stay_formulas():
    shown = from_markdown(r"$a\,\;\quad\qquad b\! \bigg( \tfrac12 \bigg) \left( c \right)$")
    assert "<math" in shown
    assert 'width="2em"' in shown


# Where a link leads


@pytest.mark.parametrize(
    "href",
    ["da\tta:text/html,x", "da&#9;ta:text/html,x", "&#1;data:text/html,x", "&#x85;data:x",
     "java&#10;script:x", "//evil.example/x", "vbscript:x", "blob:x", "file:///x", "x.html",
     "http:evil", "\u200bdata:x", "&#x200b;javascript:x"],
)  # fmt: skip
def test_no_link_leads_anywhere_but_to_the_web_and_the_page(href):
    for shown in (from_markdown(f'<a href="{href}">x</a>'), clean(f'<a href="{href}">x</a>')):
        assert "href" not in shown
        assert ">x</a>" in shown


@pytest.mark.parametrize("href", ["https://a.b/c?d=e", "HTTP://a", "mailto:a@b.c", "#top"])
def test_links_to_the_web_and_the_page_stay(href):
    assert f'href="{href}"' in from_markdown(f"[x]({href})")


# What nobody sees


RAW = "\u202e\u2066\u2069\u200b\u200d\u2028\u3164\u2800\u061c\ufeff\x0c\x1b\x07\x00\x9b\u00ad"


def test_marks_of_direction_and_control_are_written_wherever_a_student_writes():
    cells = [
        new_code_cell(
            f"# {RAW} x",
            outputs=[
                new_output("stream", name="stdout", text=f"a{RAW}b\rover\r\nc"),
                new_output("display_data", {"text/html": f"<b title='{RAW}'>a{RAW}b&#x202e;</b>"}),
                new_output("error", ename="E", evalue="", traceback=[f"E: {RAW} x"]),
            ],
        ),
        new_markdown_cell(f"a{RAW}b **c&#x202e;d** `{RAW} x` $\\text{{{RAW} x}}$ $&#x202e;$"),
        marked(new_code_cell(f"# {RAW} x"), solution=True),
    ]
    for template in ("student_page", "formgrade"):
        shown = page(new_notebook(cells=cells), template)
        assert not set(RAW) & set(shown)
        assert shown.count("⟨U+202E⟩") >= 9
        assert "⟨U+001B⟩" in shown
        assert "b\nover\nc" in shown


@pytest.mark.parametrize("text", ["👩‍👩‍👧 ⚠️", "می‌خواهم", "naïve — 数学", "a\tb"])
def test_what_is_written_in_other_scripts_stays(text):
    assert text in page(new_notebook(cells=[new_code_cell(f"# {text}"), new_markdown_cell("x")]))
