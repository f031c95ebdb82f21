"""Sample submissions: what their headers mean."""

from __future__ import annotations

import pytest

from autograde.authoring import samples
from autograde.authoring.samples import SampleError
from autograde.tree import find
from tests.conftest import MINI

TREE = find()
SAMPLES = [path for lab in TREE.lab_names() for path in samples.paths(TREE.samples(lab))]

HEADER = """# ---
# jupyter:
#   sample:
#     says: the reference
#     files: {}
# ---
"""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "samples"
    made.mkdir()
    (made / "good.safetensors").write_bytes(b"tensors")
    (made / "note.txt").write_text("no tensors")
    return made


def write(folder, files):
    (folder / "one--full.py").write_text(HEADER.format(files))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.relative_to(TREE.solutions)))
def test_is_each_sample_of_the_course_well_formed(path):
    assert samples.read(path).path == path


def test_files_are_handed_in_beside_the_notebook_under_their_names(folder, mini, tmp_path):
    write(folder, "network.safetensors = good.safetensors, readme (1).txt = note.txt")
    samples.hand_in(samples.load(folder), mini, MINI, tmp_path / "submitted")
    home = tmp_path / "submitted" / "one" / MINI
    assert {path.name: path.read_bytes() for path in home.iterdir() if path.suffix != ".ipynb"} == {
        "network.safetensors": b"tensors",
        "readme (1).txt": b"no tensors",
    }


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ("network.safetensors = bad.safetensors", "no file bad.safetensors beside it"),
        ("network.safetensors", "expected 'files: NAME = FILE"),
        ("../network.safetensors = good.safetensors", "with plain names"),
        ("network.safetensors = ../samples/good.safetensors", "with plain names"),
    ],
)
def test_a_header_that_names_no_such_file_is_refused(folder, files, told):
    write(folder, files)
    with pytest.raises(SampleError, match=told):
        samples.load(folder)


def test_a_header_that_is_no_yaml_is_refused_with_the_files_name(folder):
    write(folder, "a: b")
    with pytest.raises(SampleError, match=r"(?s)one--full.py: its header is no YAML.*in quotes"):
        samples.load(folder)


def test_is_a_change_made_in_the_references_answer(folder, mini, tmp_path):
    change = "- secret_factor_of_two = 2\n# + secret_factor_of_two = 3"
    text = HEADER.format("''") + f'\n# %% [markdown] change="double"\n# {change}\n'
    (folder / "three--loses-double.py").write_text(
        text.replace("says: the reference", "says: three times\n#     points: {double: 0}")
    )
    samples.hand_in(samples.load(folder), mini, MINI, tmp_path / "submitted")
    book = (tmp_path / "submitted" / "three" / MINI / f"{MINI}.ipynb").read_text()
    assert "secret_factor_of_two = 3" in book
    assert "secret_factor_of_two = 2" not in book
