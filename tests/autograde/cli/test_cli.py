"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import nbformat
import pytest

from autograde import __main__, cli
from autograde.authoring import build, readme, verify
from autograde.cli import grading, main
from autograde.marking import evidence, needs
from autograde.tree import TreeError, find
from tests.conftest import MINI, MINI_SOURCE


def autograde(tree, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in this process, as if typed in the course's folder."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.chdir(tree.root),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "argv", ["autograde", *words])
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


@pytest.fixture
def built(mini):
    one = build.expected(mini, MINI)
    build.write(mini, one, one.solution)
    page = mini.root / "README.md"
    page.write_text(readme.updated(page.read_text(), mini))
    return mini


def test_build_check_passes_when_nothing_differs(built):
    done = autograde(built, "build", "--check")
    assert (done.returncode, done.stdout) == (0, f"{MINI}: no difference\n")


def test_build_check_names_the_cell_and_the_next_step(built):
    source = built.source(MINI)
    source.write_text(MINI_SOURCE.replace("Twice x.", "Two times x."))
    done = autograde(built, "build", "--check")
    assert done.returncode == 1
    assert "cell double_answer: source differs" in done.stdout
    assert f"run `autograde build {MINI}`" in done.stdout


def test_what_somebody_typed_is_kept_when_a_notebook_is_built_anew(built, monkeypatch):
    monkeypatch.setattr(build, "execute", lambda lab, notebook: notebook)
    monkeypatch.setattr(verify, "complaint", lambda *_, **__: ("", []))
    path = built.student(MINI)

    def typed(change):
        book = nbformat.read(path, as_version=4)
        change({cell.id: cell for cell in book.cells}, book.cells)
        nbformat.write(book, path)
        done = autograde(built, "build")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, [*path.parent.glob(f"{MINI}-before-build-*.ipynb")]

    # An author's change of prose, of a stub and of a question's text is nobody's typing.
    source = MINI_SOURCE.replace("Welcome.", "Good morning.").replace("Twice x.", "2 x.")
    built.source(MINI).write_text(source)
    out = nbformat.v4.new_output("stream", text="2")
    told, copies = typed(lambda by_id, _: by_id["double"].update(outputs=[out]))
    assert (f"{MINI}: built" in told, copies) == (True, [])

    def answer(by_id, cells):
        by_id["double_answer"].source = "def double(x):\n    return secret_factor_of_two * x"
        cells.append(nbformat.v4.new_markdown_cell("A thought of mine."))

    told, (copy,) = typed(answer)
    assert f"labs/{MINI}/{copy.name}. Copy from there what you want to keep" in told
    assert "double_answer, " in told
    assert "A thought of mine." in copy.read_text()
    assert "A thought of mine." not in path.read_text()
    assert autograde(built, "build", "--check").returncode == 0


def test_a_damaged_notebook_is_noticed_kept_and_built_anew(built, monkeypatch):
    monkeypatch.setattr(build, "execute", lambda lab, notebook: notebook)
    monkeypatch.setattr(verify, "complaint", lambda *_, **__: ("", []))
    path = built.student(MINI)
    path.write_text(path.read_text()[:900])
    done = autograde(built, "build", "--check")
    assert (done.returncode, "can't be read" in done.stdout) == (1, True)
    done = autograde(built, "build")
    assert done.returncode == 0, done.stdout + done.stderr
    (copy,) = path.parent.glob(f"{MINI}-before-build-*.ipynb")
    assert len(copy.read_text()) == 900
    assert len(nbformat.read(path, as_version=4).cells) > 3


def test_a_readme_without_the_lab_is_noticed(built):
    (built.root / "README.md").write_text("<!-- labs -->\n<!-- /labs -->\n")
    done = autograde(built, "build", "--check")
    assert done.returncode == 1
    assert "README.md: its table of labs is out of date" in done.stdout


def test_an_unknown_lab_is_named_without_a_traceback(built):
    done = autograde(built, "build", "lab77_nowhere")
    assert done.returncode == 2
    assert done.stderr.startswith("autograde: no lab is called 'lab77_nowhere'. Labs here: lab90")


def test_the_beginning_of_one_labs_name_names_it(mini):
    assert mini.lab("lab90") == MINI
    with pytest.raises(TreeError, match="no lab is called 'lab91'"):
        mini.lab("lab91")
    mini.source("lab90_minor").parent.mkdir()
    mini.source("lab90_minor").write_text("")
    assert mini.lab(MINI) == MINI
    with pytest.raises(TreeError, match="several labs begin with 'lab90': lab90_mini, lab90_minor"):
        mini.lab("lab90")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("grade", "no submissions folder"),
        ("feedback", "nothing to write feedback on"),
        ("report", "no results of lab90_mini"),
        ("export", "nothing to export"),
        ("return", "nothing to write feedback on"),
        ("leaderboard", "no results of lab90_mini"),
    ],
)
def test_each_command_takes_the_beginning_and_says_what_comes_first(built, command, told):
    done = autograde(built, command, "lab90")
    assert done.returncode == 2
    assert told in done.stderr
    assert MINI in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["grade"], "Missing argument 'lab'. Write `autograde grade LAB …`; `autograde grade"),
        (["grade", MINI, "--forse"], "No such option: --forse (Possible options: --force"),
        (["export", MINI, "--to", "foo"], "'foo' is not one of 'moodle'"),
        (["grad"], "No such command 'grad'. Did you mean 'grade'? Write `autograde COMMAND …`;"),
        (["collect", MINI], "Write `autograde collect LAB SOURCES …`"),
        (["new", "exercise", MINI], "Write `autograde new exercise LAB NAME …`; `autograde new e"),
    ],
)
def test_a_slip_in_a_command_is_told_in_a_line_with_how_it_is_written(mini, words, told):
    done = autograde(mini, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("autograde: ")
    assert told in done.stderr
    assert "--help` shows what it takes.\n" in done.stderr
    assert done.stderr.count("\n") == 1


def test_will_the_beginning_of_a_labs_name_do_where_something_is_added_to_it(mini):
    for kind, name in (("exercise", "pooled"), ("question", "why_so")):
        done = autograde(mini, "new", kind, MINI[:5], name)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"autograde build {MINI}\n" in done.stdout
        assert name in mini.source(MINI).read_text()


def test_outside_a_course_the_command_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))

    class Nowhere:
        root = tmp_path

    done = autograde(Nowhere, "build")
    assert done.returncode == 2
    assert "expected a folder that holds solutions/ and course/" in done.stderr


WHERE = """
import atexit, sys
from autograde.__main__ import main

atexit.register(lambda: print(sys.modules["course"].__file__))
main()
"""


@pytest.mark.parametrize("how", ["option", "inside"])
def test_the_course_may_lie_anywhere_and_its_own_library_is_used(built, tmp_path, how):
    (built.root / "course/__init__.py").write_text("")
    away = tmp_path / "away"
    away.mkdir()
    words = ["--course", str(built.root)] if how == "option" else []
    words.append("--trusted")
    done = subprocess.run(
        [sys.executable, "-c", WHERE, *words, "build", "lab77_no"],
        capture_output=True,
        text=True,
        cwd=away if how == "option" else built.root,
        check=False,
    )
    assert done.stderr.startswith("autograde: no lab is called 'lab77_no'. Labs here: lab90")
    assert done.stdout == f"{built.root / 'course/__init__.py'}\n"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--course", "here", "build"], "here"),
        (["--course=here", "build"], "here"),
        (["grade", "lab01", "--course", "no"], ""),
        (["--course"], ""),
        ([], ""),
    ],
)
def test_the_course_is_named_before_the_command(words, named):
    assert __main__._named(words) == named


def test_a_course_that_is_none_names_the_option(tmp_path):
    command = [sys.executable, "-m", "autograde", "--course", str(tmp_path), "build"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"no course found from {tmp_path}: expected a folder" in done.stderr
    assert "`autograde --course FOLDER …`" in done.stderr


def test_is_the_command_installed_with_its_exit_codes(built):
    command = [sys.executable, "-c", "from autograde.cli import main; main()", "build", "lab77_no"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=built.root, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("autograde: no lab is called 'lab77_no'")


def test_verify_shows_the_failing_cell_and_its_error(built):
    for path in (built.solution(MINI), built.student(MINI)):
        book = build.expected(built, MINI).solution
        book.cells = [nbformat.v4.new_code_cell("1 / 0")]
        nbformat.write(book, path)
    done = autograde(built, "verify", "--json")
    assert done.returncode == 1
    assert done.stdout, done.stderr
    first, second = json.loads(done.stdout)
    assert (first["name"], second["name"]) == (f"{MINI} solution", f"{MINI} student")
    assert "ZeroDivisionError: division by zero" in first["trouble"]
    assert first["source"] == "1 / 0"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; print('careful', file=sys.stderr)", "writes to stderr"),
        ("1.0", "gives 1.0 points, not 2"),
    ],
)
def test_verify_notices_noise_and_lost_points(built, code, told):
    book = build.expected(built, MINI).solution
    del book.cells[-2:]  # overview and hand-in, which ask for a lab of the course's
    for cell in book.cells:
        if cell["id"] == "double":
            cell.source = code
    nbformat.write(book, built.solution(MINI))
    run = verify._run(verify.Job(MINI, built.solution(MINI), "solution"), "quick")
    assert told in run.trouble


SAMPLE = """# %% before="double"
import sys
import types

import course

# What a lab of the course's has, and this one has not.
course.overview = course.hand_in = print
check = lambda name, points: float(points)
sys.modules["course.labs.lab90_mini"] = types.SimpleNamespace(check=check)


print(double)

# %% exercise="double"
def double(x):
    return x + x


{}
"""


@pytest.mark.parametrize(("tried", "told"), [("double()", ""), ("torch = None", "AttributeError")])
def test_a_right_sample_may_fail_in_its_own_cells_and_must_run_ours(built, tried, told):
    built.samples(MINI).mkdir()
    (built.samples(MINI) / "adds--full.py").write_text(SAMPLE.format(tried))
    (run,) = verify.verify(built, [MINI], "quick", only="samples")
    assert run.name == f"{MINI} adds"
    assert told in run.trouble
    assert bool(run.trouble) == bool(told), run.trouble


def test_a_share_is_spread_evenly_and_holds_one_at_least():
    assert verify.every(range(10), 0.3) == [3, 6, 9]
    assert verify.every(range(10), 1.0) == [*range(10)]
    assert verify.every(range(10), 0.02) == [0]
    assert verify.every([], 0.5) == []


def test_what_the_machine_refuses_is_said_in_a_line_with_what_to_do(mini, monkeypatch):
    (mini.root / "taken").write_text("a file")
    (mini.root / "labs" / "anna").mkdir()
    done = autograde(mini, "grade", MINI, "--workdir", "taken/here", "--submissions", "labs")
    assert done.returncode == 2
    assert len(done.stderr.strip().split("\n")) == 1
    assert "taken" in done.stderr
    assert "name another --workdir" in done.stderr
    monkeypatch.setattr(Path, "write_text", _full)
    done = autograde(mini, "new", "lab91_more", "More")
    assert done.returncode == 2
    assert "The disk is full: free some space" in done.stderr


def _full(path: Path, *_: object, **__: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_what_a_students_cell_makes_the_compiler_warn_of_is_not_printed():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        cli.quiet()
        evidence._tree("'\\d'\n1 is 1")
        evidence._tree("0\x1e\n%time x")
        needs.Text.of("'\\d'\n1 is 1")
    assert [str(one.message) for one in heard] == []


@pytest.mark.parametrize("name", ["CNN [2025]", "CNN (2025)", "C++", "a$b", "a^b", "a|b", "b)"])
def test_a_class_in_a_folder_that_nbgrader_takes_for_a_pattern_is_refused_by_name(mini, name: str):
    (mini.root / name).mkdir()
    for command in ("grade", "feedback"):
        done = autograde(mini, command, MINI, "--workdir", name)
        assert done.returncode == 2
        assert f"{name}: nbgrader takes [, ], *, ?, +" in done.stderr


@pytest.mark.parametrize("name", ["CNN 2025", "a.b", "-a", "{a}", "a,b;c&d'e", "ümlaut"])
def test_a_class_may_lie_in_a_folder_of_any_other_name(mini, name: str):
    (mini.root / name).mkdir()
    done = autograde(mini, "grade", MINI, "--workdir", name)
    assert "no submissions folder" in done.stderr


def test_ctrl_c_that_nbgrader_keeps_for_itself_is_no_failure():
    error = "Traceback (most recent call last):\n  …\nKeyboardInterrupt\n"
    with pytest.raises(KeyboardInterrupt):
        build.told({"log": "[ERROR] Canceled", "error": error})
    assert build.told({"error": "ValueError: KeyboardInterrupt"}) == "ValueError: KeyboardInterrupt"


@pytest.mark.parametrize("name", ["CNN%202025", "CNN\\2025"])
def test_a_class_is_not_looked_for_in_a_folder_of_another_name(mini, name: str):
    for command in ("grade", "export", "feedback"):
        done = autograde(mini, command, MINI, "--workdir", name)
        assert done.returncode == 2
        assert "take % and \\ in a folder's name for other signs" in done.stderr


def test_the_class_lies_in_the_courses_folder_wherever_the_command_is_run(mini, monkeypatch):
    class Labs:
        root = mini.root / "labs"

    done = autograde(Labs, "grade", MINI)
    assert done.stderr.startswith(f"autograde: no submissions folder {mini.root}/grading/submitted")


def test_results_can_not_go_where_a_folder_is_and_that_is_told_first(mini):
    done = autograde(mini, "grade", MINI, "--json", "labs")
    assert (done.returncode, done.stderr) == (
        2,
        "autograde: --json labs is a folder: name a file in it.\n",
    )


def test_who_stops_a_grading_is_told_that_nothing_is_lost(built, monkeypatch):
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(grading, "_graded", stopped)
    done = autograde(built, "grade", MINI)
    assert done.returncode == 130
    assert "Stopped. Who is graded stays so: the same command goes on" in done.stdout


def test_can_the_warm_process_begin_before_torch_and_nbgrader_are_imported():
    code = (
        "import sys, autograde.cli.grading, autograde.marking.early, autograde.marking.seal;"
        "print({'torch', 'nbgrader', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


CLOSED = ("<&-", ">&-", "2>&-", "<&- >&- 2>&-")


@pytest.mark.parametrize("closed", CLOSED)
def test_a_closed_stream_is_no_error_and_no_file_takes_its_place(closed: str, tmp_path: Path):
    code = (
        "import os, sys; from autograde.__main__ import keep_open; keep_open();"
        "print('out'); print('err', file=sys.stderr); sys.stdout.flush();"
        "file = open('file', 'w'); sys.stdin.read();"
        "raise SystemExit(file.fileno() < 3 or sys.stdout.isatty())"
    )
    done = subprocess.run(
        ["bash", "-c", f'"$0" -c "$1" {closed}', sys.executable, code],
        cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "file").read_text() == ""


def test_a_folder_that_was_removed_around_a_person_is_no_error(tmp_path: Path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    assert find().root == Path(cli.__file__).parents[2]


def test_no_number_that_is_typed_has_no_bounds():
    """What is counted begins somewhere, and what may be a fraction may be infinite, too."""
    seen = []
    for command in cli.app.registered_commands:
        for name, hint in get_type_hints(command.callback, include_extras=True).items():
            kinds = {hint.__origin__, *get_args(hint.__origin__)} if get_origin(hint) else set()
            option = hint.__metadata__[0] if hasattr(hint, "__metadata__") else None
            if float in kinds:
                assert option.max is not None, (command.callback, name)
            elif int in kinds:
                assert option.min is not None, (command.callback, name)
            seen += [name] if kinds & {int, float} else []
    assert len(seen) >= 10


def test_is_an_address_that_no_machine_has_told(built):
    done = autograde(built, "mark", MINI, "--port", "99999")
    assert (done.returncode, "65535" in done.stderr) == (2, True)


def test_ctrl_c_while_the_command_loads_shows_no_traceback(mini, monkeypatch):
    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "spare", stopped)
    with pytest.raises(SystemExit) as end:
        __main__.main()
    assert end.value.code == 130
