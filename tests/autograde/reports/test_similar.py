"""Similar code: a copy is found under new names and order; alike short answers are none."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograde.authoring import samples
from autograde.errors import DesignedError
from autograde.reports import similar
from autograde.reports.similar import Known, Spot, Work, clusters, search
from autograde.reports.winnowing import bound, fragments, tree_of
from autograde.tree import find
from course.checks.own import LONGEST_CELL

COURSE = find(Path(__file__).parent)
LAB = "lab01_activations"
SOURCE = "by-hand-and-loops"
GIVEN = [COURSE.student(LAB), COURSE.solution(LAB)]

# What SOURCE answers, by someone who wants it to look different.
COPY = {
    "relu": """
def relu(inputs):
    # never change what is given
    outcome = inputs.clone()
    outcome[inputs < 0] = 0
    return outcome
""",
    "elu": '''
def elu(values: Tensor, a: float = 1.0) -> Tensor:
    """My own ELU."""
    out = values.clone()
    mask = values <= 0  # everything left of zero
    out[mask] = a * (torch.exp(values[mask]) - 1)
    return out
''',
    "ELUFunction": '''
class ELUFunction(torch.autograd.Function):
    """Keeps its output."""

    @staticmethod
    def backward(context, upstream):
        kept = context.saved_tensors[0]
        grad = upstream.clone()
        grad[kept <= 0] *= (kept + context.a)[kept <= 0]
        return grad, None

    @staticmethod
    def forward(context, values, a):
        out = elu(values, a)
        context.save_for_backward(out)
        context.a = a
        return out
''',
    "dead_fraction": """
def dead_fraction(acts):
    number = acts.shape[1]
    silent = 0
    # one after the other
    for k in range(number):
        if torch.count_nonzero(acts[:, k]) == 0:
            silent += 1
    return silent / number
""",
}
# Someone else's answers to the same exercises.
HONEST = {
    "relu": "def relu(x):\n    return torch.where(x > 0, x, torch.zeros_like(x))\n",
    "elu": """
def elu(x, alpha=1.0):
    negative = alpha * torch.expm1(x.clamp(max=0))
    return torch.where(x > 0, x, negative)
""",
    "dead_fraction": """
def dead_fraction(activations):
    silent = [bool((column == 0).all()) for column in activations.T]
    return sum(silent) / len(silent)
""",
}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample class, a copy and an honest answer in it; another copy in an earlier class."""
    folder = tmp_path_factory.mktemp("class")
    class_ = [one for one in samples.load(COURSE.samples(LAB)) if one.outcome != "ungradable"]
    source = next(one for one in class_ if one.name == SOURCE)
    copy = replace(source, name="copy", answers=COPY)
    honest = replace(source, name="honest", answers=HONEST)
    samples.hand_in([*class_, copy, honest], COURSE, LAB, folder / "submitted")
    samples.hand_in([replace(copy, name="somebody")], COURSE, LAB, folder / "2025" / "submitted")
    return folder


def given() -> list[bytes]:
    return [path.read_bytes() for path in GIVEN]


def test_is_a_copy_found_under_new_names_order_and_comments_and_nobody_else(handed_in):
    found = search(handed_in / "submitted", LAB, given())
    assert [set(one.students) for one in found.clusters] == [{SOURCE, "copy"}]
    (pair,) = found.clusters[0].pairs
    places = {one.place: one for one in pair.places}
    assert {"dead_fraction", "elu"} <= places.keys()
    shown = dict(zip(pair.students, places["dead_fraction"].excerpts, strict=True))
    assert "silent += 1" in shown["copy"]
    assert "dead += 1" in shown[SOURCE]


def test_is_a_copy_from_an_earlier_class_found(handed_in):
    found = search(handed_in / "submitted", LAB, given(), [handed_in / "2025" / "submitted"])
    (cluster,) = found.clusters
    assert "somebody (earlier: 2025/submitted)" in cluster.students
    assert (found.compared > 50, found.earlier) == (True, 1)


def test_a_folder_without_notebooks_is_told(tmp_path):
    with pytest.raises(DesignedError, match="submitted/ or autograded/"):
        search(tmp_path, LAB, [], [tmp_path])


def class_of(folder: Path, answers: dict[str, str]) -> Path:
    for name, source in answers.items():
        mark = {"nbgrader": {"grade_id": "relu_answer"}}
        cells = [nbformat.v4.new_code_cell(source, metadata=mark)]
        (folder / name / "lab").mkdir(parents=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / name / "lab" / "lab.ipynb")
    return folder


def test_a_short_answer_that_two_write_alike_is_no_evidence(tmp_path):
    alike = "def sigmoid(x):\n    e = torch.exp(-abs(x))\n    return 1 / (1 + e)\n"
    others = {f"s{n}": f"def sigmoid(x):\n    return x + {n}\n" for n in range(8)}
    folder = class_of(tmp_path, {"ada": alike, "bob": alike, **others})
    assert search(folder, "lab", []).clusters == ()


def test_what_most_of_a_class_has_is_no_evidence(tmp_path):
    long = "def f(x):\n" + "".join(f"    x = x * {n} + torch.sin(x)\n" for n in range(40))
    others = {f"o{n}": f"def f(x):\n    return {n}\n" for n in range(4)}
    many = class_of(tmp_path / "many", {f"s{n}": long for n in range(6)} | others)
    few = class_of(tmp_path / "few", {f"s{n}": long for n in range(2)} | others)
    assert search(many, "lab", []).clusters == ()
    assert len(search(few, "lab", []).clusters) == 1
    released = (many / "s0" / "lab" / "lab.ipynb").read_bytes()
    assert search(few, "lab", [released]).clusters == ()


def test_what_is_too_long_or_no_python_is_told_and_the_rest_read(tmp_path):
    deep, long = "(" * 5000, "x = 1\n" * (LONGEST_CELL // 6 + 1)
    folder = class_of(tmp_path, {"deep": deep, "long": long, "well": "x = 1"})
    (tmp_path / "none" / "lab").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "well")
    found = search(folder, "lab", [])
    assert found.unread == {"deep": 1, "long": 1}
    assert found.compared == 3


def prints(source: str) -> set[int]:
    tree = tree_of(source)
    assert tree is not None
    return {one for one, _, _ in fragments(tree, bound(tree))}


def test_do_names_layout_and_order_leave_the_fragments_as_they_are():
    one = COPY["dead_fraction"] + COPY["elu"]
    other = COPY["elu"].replace("mask", "left").replace('    """My own ELU."""\n', "")
    other += COPY["dead_fraction"].replace("silent", "n").replace("# one", "# two")
    assert prints(one) == prints(other) != set()
    assert prints(one) != prints(one.replace("==", "!="))


def test_is_a_large_group_one_cluster_and_the_cost_no_square():
    """Many share what few have: neighbours are compared, not all with all."""
    rng = random.Random(0)
    shared = range(60)
    works = []
    for number in range(1000):
        own = {rng.getrandbits(60): Spot(0, 1, 1) for _ in range(20)}
        own |= {one: Spot(0, 1, 1) for one in shared} if number < 40 else {}
        works.append(Work(f"s{number:03}", "", (("relu", "x"),), own))
    counts = similar._candidates(works, set(shared))
    assert len(counts) == 39
    (cluster,) = clusters(works, Known())
    assert len(cluster.students) == 40
