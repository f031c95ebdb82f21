"""Hostile submissions through the real engine: what each attack gets here, and what it gets from
stock nbgrader 0.9.

The attacks are samples in ``tests/hostile/`` and tricks with files below: those whose details are
looked at. All are graded once, as one class; the whole class of attacks is graded by
``test_hostile_families.py``. Every attack is bounded by itself, harms nothing outside where a wall
has a hole, and runs only after the sandbox's self-test has passed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograde.authoring import samples
from autograde.gradebook import scores
from autograde.marking import classrun, demo, life, room
from autograde.reports import feedback
from autograde.results import ClassResult, StudentResult
from autograde.sandbox import IsolationError, Warm, proven
from autograde.tree import find
from course.checks import Report
from tests.autograde.marking.active import active

COURSE = find(Path(__file__).parent)
LAB = "lab01_activations"
LOOKED_AT = """
    always-equal built-ins copied-cells deleted-cells displayhook ends-itself forged-outputs
    leaks-by-error many-files many-processes much-memory much-output network never-ends others
    patched-send pickles reference scripts spy stripped transformer warns writes-scores
""".split()  # noqa: SIM905 - a table reads better
SAMPLES = [
    sample
    for folder in sorted((Path(__file__).parents[2] / "hostile" / LAB).iterdir())
    for sample in samples.load(folder)
    if sample.name in LOOKED_AT
]
WRECKER = "forged-outputs"  # graded apart, with all that could stop the whole class
ATTACKS = [sample for sample in SAMPLES if sample.name != WRECKER]
CANARY = "GRADER_CANARY"
SECRET = "the grader's own: damson"
MIB = 1 << 20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or shutil.which("bwrap") is None,
        reason="the sandbox needs Linux and bubblewrap (system package bubblewrap)",
    ),
]


@dataclass(frozen=True)
class Class:
    """A graded class of attackers, and where it lies."""

    work: Path
    result: ClassResult
    before: dict[str, str]
    calls: int = 0

    def of(self, student: str) -> StudentResult:
        return next(one for one in self.result.students if one.student == student)

    def points(self, student: str) -> dict[str, float | None]:
        """Points by check, written answers aside."""
        items = self.of(student).items
        return {item.grade_id: item.points for item in items if item.status != "manual"}

    def lost(self, student: str) -> dict[str, float | None]:
        """Points of the checks that are below their maximum."""
        full = self.points("reference")
        return {name: got for name, got in self.points(student).items() if got != full[name]}

    def codes(self, student: str) -> set[str]:
        return {flag.code for flag in self.of(student).flags}

    def notebook(self, student: str) -> Path:
        return self.work / "autograded" / student / LAB / f"{LAB}.ipynb"

    def printed(self, student: str) -> str:
        book = nbformat.read(self.notebook(student), as_version=4)
        outputs = [one for cell in book.cells for one in cell.get("outputs", ())]
        return "".join(one.text for one in outputs if one.output_type == "stream")

    def told(self, student: str, check: str) -> str:
        """What the journal tells of a check."""
        return str(self._report(student, check))

    def heard(self, student: str, check: str) -> str:
        """What the student's code printed while the check was put; the journal alone has it."""
        report = self._report(student, check)
        return report.printed if report else ""

    def _report(self, student: str, check: str) -> Report | None:
        (item,) = (item for item in self.of(student).items if item.grade_id == check)
        return item.report


# --- the class -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def walls() -> None:
    """Nothing hostile runs before the walls are proven."""
    try:
        with Warm(preload=["torch"]) as warm:
            proven(warm)
    except IsolationError as error:
        pytest.skip(f"hostile code runs behind proven walls only: {error}")


@pytest.fixture(scope="session")
def hostile(walls: None, tmp_path_factory: pytest.TempPathFactory) -> Class:
    work = tmp_path_factory.mktemp("hostile")
    honest = _handed_in(work)
    for student, make in FILES.items():
        home = work / "submitted" / student / LAB
        home.mkdir(parents=True)
        make(home, honest)
    with _bystander() as process, _listener() as listener, pytest.MonkeyPatch.context() as patch:
        patch.setenv(CANARY, SECRET)
        patch.setattr(life, "CELL_SECONDS", 15.0)
        patch.setattr(life, "PROBE_SECONDS", 4.0)
        (work / "canary.txt").write_text(SECRET)
        _fill_in(work, listener.getsockname()[1], [os.getpid(), process])
        before = _digests(work / "submitted")
        result = classrun.grade(classrun.Job(COURSE, LAB, work / "submitted", work))
        listener.setblocking(False)
        calls = 0
        with contextlib.suppress(BlockingIOError):
            listener.accept()
            calls += 1
    return Class(work, result, before, calls)


def _handed_in(work: Path) -> bytes:
    """Hand in the samples; the bytes of an honest notebook."""
    samples.hand_in(ATTACKS, COURSE, LAB, work / "submitted")
    return (work / "submitted" / "reference" / LAB / f"{LAB}.ipynb").read_bytes()


def _fill_in(work: Path, port: int, processes: list[int]) -> None:
    """Tell the attackers where things lie: not knowing must not be what stops them."""
    places = {
        "@WORK@": str(work),
        "@COURSE@": str(COURSE.root),
        "@HOME@": str(Path.home()),
        "@PORT@": str(port),
        "@PIDS@": ", ".join(map(str, processes)),
        "@PATTERNS@": repr([(text[:-1], text[-1]) for text in NEEDLES]),
    }
    for path in work.glob(f"submitted/*/{LAB}/{LAB}.ipynb"):
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes()
            for mark, place in places.items():
                text = text.replace(mark.encode(), json.dumps(place)[1:-1].encode())
            path.write_bytes(text)


@contextlib.contextmanager
def _bystander() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    assert process.poll() is None, "the bystander was killed"
    process.kill()
    process.wait()


@contextlib.contextmanager
def _listener() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _secret_source() -> str:
    files = [COURSE.source(LAB), *sorted(COURSE.checks(LAB).glob("*.py"))]
    return "\n".join(path.read_text() for path in files)


def _needles() -> list[str]:
    """What nobody may find: the first is planted by the spy itself, and must be found."""
    # Not an answer's code: the attackers are made from the reference, so they know that.
    marks = ["### BEGIN SOLUTION", "from unit to unit (that is the 0.03)", "@check.hidden("]
    secret = _secret_source()
    assert all(mark in secret for mark in marks)
    seed = (COURSE.solutions / "seed.txt").read_text().strip()
    title = "feature maps (2, 5, 4, 3)"
    planted = "found by the spy itself: medlar"
    return [planted, *marks, seed, title, SECRET, "the answers of somebody else: quince"]


NEEDLES = _needles()

# --- tricks with files -----------------------------------------------------------------------


def _as_link(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").symlink_to("/etc/passwd")


def _as_linked_folder(home: Path, honest: bytes) -> None:
    home.rmdir()
    home.symlink_to("/etc")


def _with_linked_file(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_bytes(honest)
    (home / "data.txt").symlink_to("/etc/passwd")
    (home / "folder").symlink_to("/")


def _as_pipe(home: Path, honest: bytes) -> None:
    os.mkfifo(home / f"{LAB}.ipynb")


def _as_socket(home: Path, honest: bytes) -> None:
    name = home / "s"  # a socket's path is at most 108 characters long
    here = os.open(home, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(f"/proc/self/fd/{here}/s")
    os.close(here)
    name.rename(home / f"{LAB}.ipynb")


def _with_many_files(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_bytes(honest)
    for number in range(3000):
        (home / f"file{number}").write_text("x")


def _with_archives(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_bytes(honest)
    zeros = io.BytesIO(bytes(200 * MIB))
    with zipfile.ZipFile(home / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb:
        bomb.writestr("zeros", zeros.getvalue())
    with zipfile.ZipFile(home / f"{LAB}.zip", "w") as climber:
        for name in ("../../../../quince", f"{home.parents[2]}/quince", "/etc/quince"):
            climber.writestr(name, "x")


def _as_archive_only(home: Path, honest: bytes) -> None:
    with zipfile.ZipFile(home / f"{LAB}.zip", "w") as archive:
        archive.writestr(f"{LAB}.ipynb", honest)


def _as_pickle(home: Path, honest: bytes) -> None:
    (home / f"{LAB}.ipynb").write_bytes(b"\x80\x04cos\nsystem\n(S'touch quince'\ntR.")


def _tampered(home: Path, honest: bytes) -> None:
    book = json.loads(honest)
    argv = ["/bin/sh", "-c", f"touch {home.parents[2]}/quince"]
    book["metadata"]["kernelspec"] = {"name": "own", "display_name": "<script>", "argv": argv}
    cells = {c["metadata"]["nbgrader"]["grade_id"]: c for c in book["cells"] if _marked(c)}
    marks = {name: cell["metadata"]["nbgrader"] for name, cell in cells.items()}
    marks["relu"]["points"] = 1000
    marks["elu"] |= {"grade": False, "locked": False}
    marks["leaky_relu_answer"] |= {"solution": False, "grade": True, "points": 50}
    marks["selu_answer"]["locked"] = True
    cells["elu_answer"]["cell_type"] = "raw"
    cells["tanh"] |= {"cell_type": "markdown"}
    marks["sigmoid_grad_answer"]["grade_id"] = "<img src=x onerror=quince()>"
    one, other = marks["tanh_grad_answer"], marks["relu_grad_answer"]
    one["grade_id"], other["grade_id"] = other["grade_id"], one["grade_id"]
    cells["selu"]["source"] = "100"
    (home / f"{LAB}.ipynb").write_text(json.dumps(book))


def _marked(cell: dict[str, Any]) -> bool:
    return "nbgrader" in cell["metadata"]


FILES: dict[str, Callable[[Path, bytes], None]] = {
    "link": _as_link,
    "linked-folder": _as_linked_folder,
    "linked-file": _with_linked_file,
    "pipe": _as_pipe,
    "socket": _as_socket,
    "file-flood": _with_many_files,
    "archives": _with_archives,
    "archive-only": _as_archive_only,
    "pickle-file": _as_pickle,
    "tampered": _tampered,
}


# --- what comes out --------------------------------------------------------------------------


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_each_attack_comes_out_as_its_file_says(hostile: Class, attack: samples.Sample) -> None:
    assert demo.surprises(attack, hostile.of(attack.name)) == []


def test_nobody_is_lost_and_the_honest_neighbour_has_full_points(hostile: Class) -> None:
    everybody = {attack.name for attack in ATTACKS} | set(FILES)
    assert {one.student for one in hostile.result.students} == everybody
    statuses = {item.status for one in hostile.result.students for item in one.items}
    assert "grader_error" not in statuses
    assert set(hostile.points("reference").values()) == {1.0, 2.0, 3.0, 4.0, 5.0}


def test_no_submission_is_changed_and_nothing_is_left_outside(hostile: Class) -> None:
    assert _digests(hostile.work / "submitted") == hostile.before
    for place in (hostile.work, hostile.work.parent, COURSE.root, Path.home(), Path("/etc")):
        assert not (place / "quince").exists()


def test_the_display_hook_gives_no_points(hostile: Class) -> None:
    """Stock: ``get_ipython().displayhook(1)`` inside the tested function has full marks."""
    assert hostile.lost("displayhook") == {"relu": 0, "leaky_relu": 0}


def test_an_input_transformer_gives_no_points(hostile: Class) -> None:
    """Stock: with every later cell turned into ``pass``, no check fails: full marks."""
    assert set(hostile.points("transformer").values()) == {0}


def test_forged_messages_give_no_points(hostile: Class) -> None:
    """Stock: a patched ``kernel.session.send`` reports full marks."""
    assert hostile.lost("patched-send") == {"relu": 0, "leaky_relu": 0}


def test_agreeing_objects_and_patched_comparisons_give_no_points(hostile: Class) -> None:
    """Stock: ``__eq__`` that is always true, a patched ``torch.allclose``, ``numpy.testing`` or
    ``builtins.abs``: full marks.
    """
    assert hostile.lost("always-equal") == {"relu": 0, "relu_grad": 0, "dead_fraction": 0}


def test_there_is_no_hidden_source_to_read(hostile: Class) -> None:
    """Stock: the hidden tests are in ``In``, in frames, in linecache and in the released file."""
    said = f"{hostile.printed('spy')}\n{hostile.heard('spy', 'relu')}"
    told = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
    planted = {0}  # by the spy itself, to show that it would find more
    assert set(eval(told["in memory"])) == planted
    for place in ("hits", "while probed"):
        assert {index for _, index in eval(told[place])} <= planted


def test_solutions_and_graders_modules_are_not_visible(hostile: Class) -> None:
    """Stock: whatever the kernel's user may read: the reference, ``solutions/``, secrets of the
    environment.
    """
    printed = hostile.printed("spy")
    assert "visible: []" in printed
    assert "listed: []" in printed
    (imported,) = (line for line in printed.splitlines() if line.startswith("imported:"))
    assert set(eval(imported.partition(":")[2])) == {"ModuleNotFoundError"}
    everything = b"".join(path.read_bytes() for path in hostile.work.glob(f"autograded/*/{LAB}/*"))
    assert SECRET.encode() not in everything


def test_a_traceback_shows_no_hidden_source(hostile: Class) -> None:
    """Stock: the failing line of the hidden test, with its expected value, is in the feedback."""
    told = hostile.told("leaks-by-error", "relu")
    assert "ValueError" in told
    lines = map(str.strip, _secret_source().splitlines())
    secret = [line for line in lines if len(line) > 30]
    assert not [line for line in secret if line in told]


def test_the_gradebook_is_out_of_reach(hostile: Class) -> None:
    """Stock: a kernel that writes to ``gradebook.db`` sets its own score."""
    (tried,) = (line for line in hostile.printed("writes-scores").splitlines() if "tried" in line)
    assert tried == "tried: ['FileNotFoundError', 'OperationalError']"
    stored = scores.read(hostile.work / "gradebook.db", LAB)
    for student in hostile.result.students:
        assert stored[student.student] == {i.grade_id: i.points or 0 for i in student.items}


def test_a_process_that_ends_itself_costs_the_check_it_ended_in(hostile: Class) -> None:
    """Stock: after ``os._exit``, a segmentation fault or a kill there is no grade at all, and the
    student's autograded folder is removed.
    """
    names = ["relu", "leaky_relu", "sigmoid_grad", "tanh_grad", "relu_grad", "dead_fraction"]
    assert hostile.lost("ends-itself") == dict.fromkeys(names, 0)
    assert "exit code 0" in hostile.told("ends-itself", "relu")
    assert "SIGSEGV" in hostile.told("ends-itself", "leaky_relu")


def test_what_never_ends_is_stopped_and_the_rest_is_graded(hostile: Class) -> None:
    """Stock: 30 s a cell, and an ignored interrupt makes the whole notebook fail."""
    assert hostile.lost("never-ends") == {"relu": 0, "leaky_relu": 0, "tanh_grad": 0}
    assert "took longer than 4 s" in hostile.told("never-ends", "relu")
    assert "took longer than 4 s" in hostile.told("never-ends", "leaky_relu")


def test_copied_cells_are_mended_and_the_class_goes_on(hostile: Class) -> None:
    """Stock: one copied graded cell aborts the run of the whole class, with a wrong reason."""
    assert hostile.lost("copied-cells") == {}
    assert "duplicate-cell" in hostile.codes("copied-cells")


def test_stripped_metadata_is_recovered(hostile: Class) -> None:
    """Stock: without the metadata, the score is 0, silently."""
    assert hostile.lost("stripped") == {}
    assert "metadata-recovered" in hostile.codes("stripped")


def test_deleted_cells_are_restored(hostile: Class) -> None:
    """Stock: a deleted check has the score None and needs manual grading for ever."""
    assert hostile.lost("deleted-cells") == {"relu": 0}
    told = {flag.cell for flag in hostile.of("deleted-cells").flags if flag.code == "missing-cell"}
    assert told == {"relu_answer", "leaky_relu", "elu"}


def test_a_warning_costs_nothing(hostile: Class) -> None:
    """Stock: anything on stderr makes a right answer worth 0 points."""
    assert hostile.lost("warns") == {}


@pytest.mark.parametrize("student", ["link", "linked-folder"])
def test_a_link_is_refused_by_name(hostile: Class, student: str) -> None:
    """Stock: the file behind it, /etc/passwd, is copied into autograded."""
    assert hostile.of(student).outcome == "ungradable"
    assert hostile.codes(student) == {"symlink-refused"}
    assert "root:" not in hostile.notebook(student).read_text()


def test_a_linked_file_beside_the_notebook_is_left_out(hostile: Class) -> None:
    """Stock: it is copied into autograded, whatever it points to."""
    assert hostile.lost("linked-file") == {}
    (flag,) = (flag for flag in hostile.of("linked-file").flags)
    assert (flag.code, "data.txt" in flag.message) == ("extra-files-skipped", True)
    assert [path.name for path in hostile.notebook("linked-file").parent.iterdir()] == [
        f"{LAB}.ipynb"
    ]


@pytest.mark.parametrize(("student", "kind"), [("pipe", "a named pipe"), ("socket", "a socket")])
def test_what_is_no_file_is_refused_without_waiting(
    hostile: Class, student: str, kind: str
) -> None:
    """Stock: a named pipe is copied for ever; a socket stops the class."""
    assert hostile.of(student).outcome == "ungradable"
    (flag,) = hostile.of(student).flags
    assert (flag.code, kind in flag.message) == ("wrong-kind", True)


def test_archives_are_never_unpacked(hostile: Class) -> None:
    """Stock: ``zip_collect`` unpacks them, partly defended. Here an archive is no input yet: one
    beside a notebook is a file like others, and one alone is refused.
    """
    assert hostile.lost("archives") == {}
    assert hostile.of("archive-only").outcome == "ungradable"
    assert hostile.codes("archive-only") == {"no-notebook"}


def test_thousands_of_files_are_not_looked_at(hostile: Class) -> None:
    """Stock: all are copied."""
    assert hostile.lost("file-flood") == {}
    assert len(list(hostile.notebook("file-flood").parent.iterdir())) == 1


def test_nothing_is_unpickled(hostile: Class) -> None:
    """Stock: nbgrader does not pickle; graders that fetch results as pickles run their code."""
    assert hostile.lost("pickles") == {"relu": 0, "leaky_relu": 0}
    assert hostile.of("pickle-file").outcome == "ungradable"
    assert not (hostile.work / "unpickled").exists()


def test_marks_types_ids_and_kernel_are_the_releases(hostile: Class) -> None:
    """Stock: the kernelspec is believed, changed points are put back, a changed cell type or a
    renamed id stops the student's grading or drops the cell.
    """
    assert hostile.lost("tampered") == {}
    assert hostile.of("tampered").maximum == hostile.of("reference").maximum
    told = hostile.codes("tampered")
    assert {"kernelspec-replaced", "marks-restored", "cell-type-restored", "renamed-id"} <= told


def test_a_fork_bomb_is_limited(hostile: Class) -> None:
    """Stock: nothing stops it."""
    (line,) = (
        one for one in hostile.heard("many-processes", "relu").split("\n") if "forked" in one
    )
    assert 0 < int(line.split()[-1]) < 100


def test_memory_is_limited(hostile: Class) -> None:
    """Stock: nothing stops it, until the machine kills something."""
    assert hostile.lost("much-memory") == {"relu": 0}
    assert "can't allocate memory" in hostile.told("much-memory", "relu")
    book = nbformat.read(hostile.notebook("much-memory"), as_version=4)
    (children,) = (cell for cell in book.cells if cell.id == "own-before-leaky_relu")
    assert "GiB of memory and was stopped" in children.outputs[-1].evalue


def test_output_is_limited(hostile: Class) -> None:
    """Stock: all of it is stored in the notebook and in the feedback."""
    assert hostile.lost("much-output") == {"relu": 0}
    assert hostile.notebook("much-output").stat().st_size < 20 * MIB
    assert "the rest is cut" in hostile.printed("much-output")


def test_files_are_limited_and_stay_inside(hostile: Class) -> None:
    """Stock: the grader's disk is the student's."""
    (line,) = (one for one in hostile.printed("many-files").splitlines() if "made" in one)
    assert "outside: []" in line
    made, large = (int(line.split()[place]) for place in (1, 3))
    assert made < 20_000
    assert large <= 64


def test_there_is_no_network(hostile: Class) -> None:
    """Stock: all of it."""
    assert "reached: []" in hostile.printed("network")
    assert hostile.calls == 0


def test_no_other_process_can_be_seen_or_signalled(hostile: Class) -> None:
    """Stock: those of the same user, other students' kernels and the grader among them."""
    assert "signalled: [] shown: [] traced: []" in hostile.printed("others")


def test_a_built_in_is_told_and_costs_nothing(hostile: Class) -> None:
    """Stock: passes, and nobody is told."""
    assert hostile.lost("built-ins") == {}
    flags = [flag for flag in hostile.of("built-ins").flags if flag.code == "built-in-used"]
    names = {"sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu"}
    assert {flag.cell for flag in flags} == {f"{name}_answer" for name in names}
    assert hostile.codes("reference") == set()


# --- the feedback ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pages(hostile: Class) -> dict[str, str]:
    found = feedback.generate(LAB, hostile.work)
    return {page.parents[1].name: page.read_text() for page in found}


@pytest.mark.parametrize("student", ["scripts", "tampered", "pickles"])
def test_nothing_of_a_students_runs_in_the_feedback(pages: dict[str, str], student: str) -> None:
    """Stock: scripts in outputs run, in the feedback and in the formgrader."""
    assert active(pages[student]).found == []


def test_the_feedback_shows_what_it_made_inert(pages: dict[str, str]) -> None:
    assert active(pages["scripts"]).words > 10
    assert active("<script>quince()</script><img src=x onerror='quince()'>").found


def test_everybody_has_a_feedback_page(hostile: Class, pages: dict[str, str]) -> None:
    assert set(pages) == {one.student for one in hostile.result.students}


def test_nothing_of_a_students_runs_in_the_formgrader(hostile: Class) -> None:
    """Stock: scripts in outputs run with the instructor's rights."""
    assert active(_formgrader_page(hostile, "scripts")).found == []


def _formgrader_page(class_: Class, student: str) -> str:
    """The page on which an instructor grades by hand, as nbgrader's handler makes it."""
    import nbgrader.server_extensions.formgrader as formgrader
    from nbconvert.exporters import HTMLExporter

    from autograde.nbgrader_settings import settings

    work = class_.work
    config = settings(work, work, source=work / "source", release=work / "release")
    config.HTMLExporter.template_name = "formgrade"
    templates = Path(formgrader.__file__).parent / "templates"
    config.HTMLExporter.extra_template_basedirs = [str(templates)]
    names = ["assignment_id", "notebook_id", "submission_id", "first_name", "last_name", "student"]
    resources = dict.fromkeys(names, "x") | {"index": 0, "total": 1, "base_url": ""}
    resources |= {"mathjax_url": "", "my_mathjax_url": "", "last_name": "x", "version": ""}
    exporter = HTMLExporter(config=config)
    page, _ = exporter.from_filename(str(class_.notebook(student)), resources=resources)
    return str(page)


# --- what could stop the whole class ---------------------------------------------------------

UNUSABLE = ["caf\udce9", "*", "[a]", "new\nline"]  # the first is not UTF-8
ODD = ["<img src=x onerror=quince()>", "a b", "-rf", "$(touch quince)", "\u202eevil"]
ODD += ["'; DROP TABLE grade; --", "%s{0}"]


def _with_cells(honest: bytes, sources: list[str]) -> bytes:
    """An honest notebook with cells of the student's own behind its setup."""
    book = json.loads(honest)
    at = next(i for i, c in enumerate(book["cells"]) if c["id"] == "sigmoid_answer")
    book["cells"][at:at] = [
        nbformat.v4.new_code_cell(source, id=f"own-{number}")
        for number, source in enumerate(sources)
    ]
    return json.dumps(book).encode()


def _sleeper(honest: bytes) -> bytes:
    """Cells that sleep, and answers that end the process, so that all is run again and again."""
    book = json.loads(_with_cells(honest, ["import os, time\ntime.sleep(2)"] * 4))
    for cell in book["cells"]:
        if cell["id"] in ("relu_answer", "elu_grad_answer", "selu_grad_answer", "tanh_grad_answer"):
            name = cell["id"].removesuffix("_answer")
            cell["source"] = f"def {name}(*args, **kwargs):\n    os._exit(0)"
    return json.dumps(book).encode()


@pytest.fixture(scope="session")
def wreckers(walls: None, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """What could cost the whole class its grades: odd names, outputs that no file can hold, and
    notebooks without end.
    """
    work = tmp_path_factory.mktemp("wreckers")
    samples.hand_in([s for s in SAMPLES if s.name == WRECKER], COURSE, LAB, work / "submitted")
    honest = _handed_in(tmp_path_factory.mktemp("samples"))
    talker = _with_cells(honest, ["print('x' * 4_000_000)"] * 12)
    everybody = dict.fromkeys(["plain", *ODD, *UNUSABLE], honest)
    everybody |= {"sleeper": _sleeper(honest), "talker": talker}
    for name, data in everybody.items():
        home = work / "submitted" / name / LAB
        home.mkdir(parents=True)
        (home / f"{LAB}.ipynb").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(life, "SUBMISSION_SECONDS", 20.0)
        patch.setattr(room, "OUTPUT_BYTES", 10 * MIB)
        result = classrun.grade(classrun.Job(COURSE, LAB, work / "submitted", work))
    return Class(work, result, {})


def test_odd_names_of_students_stop_nobodys_grading(wreckers: Class) -> None:
    """Stock: the same."""
    full = wreckers.of("plain").points
    assert {name: wreckers.of(name).points for name in ODD} == dict.fromkeys(ODD, full)


def test_names_that_nbgrader_can_not_keep_are_told(wreckers: Class) -> None:
    """Stock: a name that is a pattern deletes others' work, one that is no text stops the class."""
    everybody = {*ODD, "plain", WRECKER, "sleeper", "talker"}
    assert {one.student for one in wreckers.result.students} == everybody
    (flag,) = wreckers.result.flags
    assert flag.code == "unusable-student-name"
    assert f"{len(UNUSABLE)} folders" in flag.message


def test_a_notebook_without_end_is_bounded_as_a_whole(wreckers: Class) -> None:
    """Stock: 30 s for each cell, however many there are."""
    assert "in all" in wreckers.told("sleeper", "dead_fraction")
    full = wreckers.points("plain")
    assert wreckers.points("sleeper")["sigmoid"] == full["sigmoid"]


def test_outputs_are_bounded_as_a_whole(wreckers: Class) -> None:
    """Stock: all of it is stored in the notebook and in the feedback."""
    assert wreckers.points("talker") == wreckers.points("plain")
    assert wreckers.notebook("talker").stat().st_size < 15 * MIB
    assert "the rest is cut" in wreckers.printed("talker")


def test_outputs_that_no_file_can_hold_stop_nobody(wreckers: Class) -> None:
    """Stock: half a character in an output stops the class; numbers without end are not JSON."""
    assert wreckers.of(WRECKER).points == wreckers.of("plain").points
    text = wreckers.notebook(WRECKER).read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_odd_names_of_students_stop_nobodys_feedback(wreckers: Class) -> None:
    pages = feedback.generate(LAB, wreckers.work)
    assert "plain" in {page.parents[1].name for page in pages}
    assert {page.parents[1].name for page in pages} >= {"plain", WRECKER}
    assert not [page for page in pages if active(page.read_text()).found]


# --- no pickle anywhere ----------------------------------------------------------------------


def test_no_module_of_the_grader_unpickles() -> None:
    """An architecture that is easily lost: one ``torch.load`` would undo it."""
    import ast

    for path in sorted((COURSE.root / "autograde").rglob("*.py")):
        names = set[str]()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                names.add(f"{node.value.id}.{node.attr}")
            elif isinstance(node, ast.keyword):
                names.add(node.arg or "")
        unfit = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "torch.load"}
        assert not names & {*unfit, "allow_pickle"}, path
