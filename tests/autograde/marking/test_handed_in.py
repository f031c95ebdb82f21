"""Networks that are handed in as files, through the real engine: a class with all that can lie
beside a notebook, and with code that wants to be judged by something else than its file.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import safetensors.torch
import torch

from autograde.authoring import build, checks, leaks, reference, samples, verify
from autograde.marking import classrun, hidden, journal
from autograde.results import ClassResult, Item, StudentResult
from autograde.tree import ROOT_VARIABLE, Tree
from tests.conftest import MINI

LAB = "lab91_project"
NAME = "network.safetensors"
IMAGES = 40

SOURCE = '''# ---
# jupyter:
#   course:
#     title: A network of four weights
#     minutes: 5
# ---

# %% setup=true
import torch

# %% [markdown] intro="double"
# ### Twice as much

# %% exercise="double" difficulty=1 minutes=3
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% check="double" points=2

# %% [markdown] intro="predict"
# ### A network

# %% exercise="predict" difficulty=1 minutes=3
def predict(tensors, images):
    """Classes of the images (N, 4) by the network with these tensors."""
    ### BEGIN SOLUTION
    network = torch.nn.Linear(4, 2)
    network.load_state_dict(tensors)
    return network(images).argmax(1)
    ### END SOLUTION

# %% check="predict" points=3
'''

CHECKS = '''
import torch
from torch import Tensor

from autograde.authoring.checks import Book
from course.checks import Case, Finding, HandedIn, call

check = Book("lab91_project")


@check.define()
def double(rng):
    """Doubles."""
    yield Case("three", call("double", 3))


def by_share(answer, labels, probe):
    count = sum(tensor.numel() for tensor in probe.args[0].values())
    if not isinstance(answer, Tensor) or answer.shape != labels.shape:
        return Finding(False, f"{len(labels)} classes", "something else")
    share = float((answer == labels).double().mean())
    numbers = {"accuracy": share, "parameters": count, "images": len(labels)}
    return Finding(share > 0.9, "at least 0.9", f"{share}", measured=numbers)


@check.define()
def predict(rng):
    """Tells bright images from dark ones."""
    images = torch.randn(40, 4, generator=rng)
    labels = (images.sum(1) > 0).long()
    probe = call("predict", HandedIn("network.safetensors"), images)
    yield Case("40 images", probe, judge=by_share, expected=labels)
'''

BRIGHT = {"weight": torch.tensor([[-1.0] * 4, [1.0] * 4]), "bias": torch.zeros(2)}
DARK = {"weight": -BRIGHT["weight"], "bias": BRIGHT["bias"]}


def tensors(content: dict[str, torch.Tensor]) -> bytes:
    return bytes(safetensors.torch.save(content))


def claiming(shape: list[int]) -> bytes:
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 8]}
    header = json.dumps({"weight": entry}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(8)


FILES = {
    "good": tensors(BRIGHT),
    "dark": tensors(DARK),
    "shapes": tensors({"weight": torch.ones(3, 4), "bias": torch.ones(3)}),
    "nan": tensors(BRIGHT | {"bias": torch.tensor([0.0, float("nan")])}),
    "extra": tensors(BRIGHT | {"more": torch.ones(90)}),
    "huge": tensors({"weight": torch.ones(1_100_000)}),
    "claims": claiming([1 << 40]),
    "empty": claiming([0, 1 << 60]),
    "pickle": b"\x80\x04cos\nsystem\n(S'touch quince'\ntR.",
}

# The student's process answers with a better network than the one in the file, says that the file
# is another one, and looks for the labels.
PATCHED = """
import builtins, gc, sys
import safetensors, safetensors.torch, torch
import course.weights, course.checks.judges, course.checks.probes

other = {"weight": torch.tensor([[-1.0] * 4, [1.0] * 4]), "bias": torch.zeros(2)}
safetensors.deserialize = lambda data: []
safetensors.torch.load = safetensors.torch.load_file = lambda *args, **kwargs: other
course.weights.read = course.weights.parse = lambda *args, **kwargs: other
course.checks.judges.Finding = lambda *args, **kwargs: None
torch.load = lambda *args, **kwargs: other
torch.Tensor.numel = lambda self: 1
builtins.len = lambda thing: 0
"""

PEEKING = """
def predict(tensors, images):
    import gc
    wanted = (images.sum(1) > 0).long()
    alike = [t for t in gc.get_objects() if isinstance(t, torch.Tensor) and t is not wanted
             and t.shape == wanted.shape and torch.equal(t.long(), wanted)]
    return wanted if alike else 1 - wanted
"""

ANSWERS = {
    "peeking": PEEKING,
    "short": "def predict(tensors, images):\n    return torch.ones(3, dtype=torch.long)",
    "claiming": (
        "def predict(tensors, images):\n"
        "    return {'measured': {'accuracy': 1.0, 'parameters': 1.0}, 'passed': True}"
    ),
    "killed": "def predict(tensors, images):\n    import os\n    os._exit(0)",
}


def sample(name: str, files: str, *cells: str) -> str:
    lines = ["# ---", "# jupyter:", "#   sample:", f"#     says: {name}"]
    lines += [f"#     files: {files}"] if files else []
    return "\n".join([*lines, "# ---", *cells, ""])


def write_samples(folder: Path) -> None:
    folder.mkdir()
    for name, content in FILES.items():
        (folder / f"{name}.safetensors").write_bytes(content)
        text = sample(name, f"{NAME} = {name}.safetensors")
        (folder / f"{name}--full.py").write_text(text)
    good = f"{NAME} = good.safetensors"
    for name, answer in ANSWERS.items():
        cell = f'# %% exercise="predict"\n{answer}'
        (folder / f"{name}--full.py").write_text(sample(name, good, cell))
    cell = f'# %% before="predict"\n{PATCHED}'
    dark = f"{NAME} = dark.safetensors"
    (folder / "patched--full.py").write_text(sample("patched", dark, cell))
    (folder / "renamed--full.py").write_text(
        sample("renamed", "network (1).safetensors = good.safetensors")
    )
    (folder / "two--full.py").write_text(
        sample("two", "a.safetensors = good.safetensors, b.safetensors = dark.safetensors")
    )
    (folder / "missing--full.py").write_text(sample("missing", ""))
    (folder / "untouched--zero.py").write_text(sample("untouched", ""))


def add_odd_files(submitted: Path) -> None:
    """What no sample can hold: links, pipes, floods, and a file that would crowd out the other."""
    for name in ("link", "pipe", "folder", "giant", "crowd", "flood"):
        shutil.copytree(submitted / "missing", submitted / name)
    (submitted / "link" / LAB / NAME).symlink_to(submitted / "good" / LAB / NAME)
    os.mkfifo(submitted / "pipe" / LAB / NAME)
    (submitted / "folder" / LAB / NAME).mkdir()
    with (submitted / "giant" / LAB / NAME).open("wb") as file:
        file.truncate(1 << 40)
    for name in ("crowd", "flood"):
        (submitted / name / LAB / NAME).write_bytes(FILES["good"])
    (submitted / "crowd" / LAB / "a.bin").write_bytes(bytes(4_900_000))
    (submitted / "crowd" / LAB / "b.bin").write_bytes(bytes(200_000))
    for number in range(1100):
        (submitted / "flood" / LAB / f"{number}.txt").touch()


@dataclass(frozen=True)
class Class:
    """A graded class, and where it lies."""

    job: classrun.Job
    result: ClassResult

    def of(self, student: str) -> StudentResult:
        return next(one for one in self.result.students if one.student == student)

    def item(self, student: str, name: str = "predict") -> Item:
        return next(item for item in self.of(student).items if item.grade_id == name)

    def told(self, student: str) -> str:
        return str(self.item(student).report)

    def flag(self, student: str, code: str) -> tuple[str, str]:
        (flag,) = (flag for flag in self.of(student).flags if flag.code == code)
        return flag.severity, flag.message


@pytest.fixture(scope="module")
def graded(tmp_path_factory, course):
    if sys.platform != "linux" or shutil.which("bwrap") is None:
        pytest.skip("the sandbox needs Linux and bubblewrap (system package bubblewrap)")
    root = tmp_path_factory.mktemp("project")
    tree, work = Tree(root), root / "work"
    (root / "course").mkdir()
    tree.checks(LAB).mkdir(parents=True)
    tree.source(LAB).write_text(SOURCE)
    (tree.checks(LAB) / "__init__.py").write_text(CHECKS)
    (root / "solutions" / "seed.txt").write_text("sloe\n")
    (root / "pyproject.toml").write_text((course.root / "pyproject.toml").read_text())
    write_samples(root / "samples")
    samples.hand_in(samples.load(root / "samples"), tree, LAB, work / "submitted")
    add_odd_files(work / "submitted")
    job = classrun.Job(tree, LAB, work / "submitted", work)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ROOT_VARIABLE, str(root))
        yield Class(job, classrun.grade(job))
    for cached in (hidden.check, checks.load, reference.load):
        cached.cache_clear()


GOOD = {"accuracy": 1.0, "parameters": 10.0, "images": 40.0}
FULL, NONE = 3.0, 0.0


@pytest.mark.parametrize("student", ["good", "renamed", "crowd", "flood"])
def test_a_network_is_measured_on_hidden_images(graded, student):
    item = graded.item(student)
    assert (item.points, item.measured) == (FULL, GOOD)


def test_a_bad_network_is_measured_too(graded):
    item = graded.item("dark")
    assert (item.points, item.measured) == (NONE, GOOD | {"accuracy": 0.0})


@pytest.mark.parametrize(
    ("student", "told"),
    [
        ("missing", "there is no file network.safetensors beside the notebook"),
        ("nan", "'bias' holds NaN or infinity"),
        ("shapes", "size mismatch for weight"),
        ("extra", "Unexpected key(s) in state_dict"),
        ("huge", "4,400,0"),
        ("claims", "one that can't be read"),
        ("empty", "one that can't be read"),
        ("pickle", "found a pickle"),
        ("link", "expected a file, found a symbolic link"),
        ("pipe", "expected a file, found a named pipe"),
        ("folder", "expected a file, found a folder"),
        ("giant", "1,099,511,627,776 bytes"),
        ("two", "found a.safetensors, b.safetensors"),
        ("short", "40 classes"),
        ("claiming", "40 classes"),
        ("killed", "ended its own process"),
    ],
)
def test_what_is_no_such_network_fails_its_check_alone_and_says_why(graded, student, told):
    item = graded.item(student)
    assert (item.status, item.points, item.measured) == ("failed", NONE, {})
    assert told in graded.told(student)
    assert graded.item(student, "double").points == 2.0


def test_without_file_and_answer_it_is_not_attempted(graded):
    assert {item.status for item in graded.of("untouched").items} == {"skipped"}


@pytest.mark.parametrize(
    ("student", "code", "severity"),
    [
        ("link", "symlink-refused", "attention"),
        ("pipe", "wrong-kind", "attention"),
        ("folder", "wrong-kind", "attention"),
        ("giant", "too-large", "attention"),
        ("two", "other-file-name", "attention"),
        ("renamed", "wrong-file-name", "info"),
        ("missing", "file-missing", "info"),
        ("untouched", "file-missing", "info"),
    ],
)
def test_a_flag_names_the_file(graded, student, code, severity):
    found, message = graded.flag(student, code)
    assert found == severity
    assert NAME in message


def test_nobody_is_flagged_for_a_file_as_it_should_be(graded):
    assert graded.of("good").flags == ()


def test_code_that_patches_its_process_is_judged_by_its_file_and_the_labels(graded):
    """Its own file says that bright is dark, and has ten numbers; nothing patched reaches here."""
    item = graded.item("patched")
    assert item.points == NONE
    assert item.measured == GOOD | {"accuracy": 0.0}


def test_the_labels_are_not_in_the_students_process(graded):
    assert graded.item("peeking").measured["accuracy"] == 0.0


def test_the_json_and_the_journal_keep_what_was_measured(graded):
    found = json.loads(json.dumps(graded.result.as_json()))
    by_name = {student["student"]: student["cells"]["predict"] for student in found["students"]}
    assert by_name["good"]["measured"] == GOOD
    assert "measured" not in by_name["missing"]
    (item,) = (
        item
        for item in journal.read(graded.job.journal)["good"].result.items
        if item.grade_id == "predict"
    )
    assert item.measured == GOOD


def test_another_file_is_graded_anew_and_the_same_one_is_not(graded, tmp_path):
    work = tmp_path / "work"
    shutil.copytree(graded.job.submissions / "dark", work / "submitted" / "dark")
    job = classrun.Job(graded.job.tree, LAB, work / "submitted", work)
    assert classrun.grade(job).students[0].points == 2.0
    before = job.journal.read_bytes()
    assert classrun.grade(job).students[0].points == 2.0
    assert job.journal.read_bytes() == before
    (work / "submitted" / "dark" / LAB / NAME).write_bytes(FILES["good"])
    assert classrun.grade(job).students[0].points == 5.0


SAVING = """
import torch
from autograde.authoring.checks import Book
from course import weights
from course.checks import Case, HandedIn, call, same

weights.save(torch.nn.Linear(2, 1), "network.safetensors")
book = Book("lab91_project")

@book.define()
def count(rng):
    yield Case("two", call("count", HandedIn("network.safetensors")), judge=same(), expected=2)

assert book["count"].shown().run({"count": len}, points=2).earned == 2
"""


def test_a_notebook_that_saves_its_network_is_built_and_verified_without_a_trace(mini):
    built = build.expected(mini, MINI)
    book = nbformat.from_dict(built.solution)
    book.cells = [nbformat.v4.new_code_cell(SAVING)]
    build.write(mini, built, build.execute(MINI, book))
    assert verify._run(verify.Job("it", mini.solution(MINI), "solution"), "quick").trouble == ""
    assert not [path for path in mini.root.rglob("*") if path.suffix == ".safetensors"]
    assert leaks.find(mini, [MINI]) == []


def test_a_file_beside_a_solution_is_a_leak(mini):
    built = build.expected(mini, MINI)
    build.write(mini, built, built.solution)
    (mini.solution(MINI).parent / NAME).write_bytes(FILES["good"])
    (told,) = leaks.find(mini, [MINI])
    assert told.startswith(f"solutions/notebooks/{MINI}/{NAME} lies beside the solution")


def test_nothing_is_written_beside_the_submissions(graded):
    names = {path.name for path in (graded.job.submissions / "good" / LAB).iterdir()}
    assert names == {NAME, f"{LAB}.ipynb"}
    assert not list(graded.job.work.rglob("quince"))
