"""What a stored check keeps: values, recipes, sketches, fingerprints."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course.checks import HandedIn, close, inputs, stored
from course.checks.probes import Probe, called
from course.checks.sketches import WHOLE, Fingerprint, Sketch, sketched
from tests.course.checks.test_checks import VALUES, values


def there_and_back(value):
    return stored.decoded(json.loads(json.dumps(stored.encoded(value), allow_nan=False)))


def same(one, other):
    return close(0, 0)(one, other, VALUES.probe).passed


@given(values)
def test_does_every_plain_value_come_back(value):
    assert same(there_and_back(value), value)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8]
)
@pytest.mark.parametrize("count", [0, 3, 50])
def test_does_a_tensor_come_back_bit_by_bit(dtype, count):
    tensor = (torch.rand(count, 2) * 100).to(dtype)
    found = there_and_back(tensor)
    assert found.dtype == dtype
    assert torch.equal(found, tensor)


def test_do_strides_and_leaves_come_back():
    tensor = torch.rand(4, 5).T.requires_grad_()
    found = there_and_back(tensor)
    assert (found.stride(), found.requires_grad) == (tensor.stride(), True)
    assert torch.equal(found, tensor)


@pytest.mark.parametrize(
    "tensor", [torch.ones(2, 1).expand(2, 3), torch.arange(8.0).reshape(2, 4)[:, ::2]]
)
def test_do_repetition_and_gaps_come_back_and_reach_the_student(tensor):
    found = there_and_back(tensor)
    assert found.stride() == tensor.stride()
    assert torch.equal(found, tensor)
    given = []
    Probe(called, ("f",), (tensor,)).run({"f": given.append})
    assert given[0].stride() == tensor.stride()
    assert given[0].data_ptr() != tensor.data_ptr()


def test_do_tuples_dtypes_files_judges_and_functions_come_back():
    value = [(1, 2.5), torch.float16, HandedIn("a"), close(0.1), called, {"a": float("nan")}]
    found = there_and_back(value)
    assert found[:5] == value[:5]
    assert found[5]["a"] != found[5]["a"]


@pytest.mark.parametrize("name", ["os:system", "course.checks.probes:Probe.run", "course:start"])
def test_is_a_function_of_elsewhere_refused(name):
    with pytest.raises(stored.StoredError):
        stored.decoded({"function": name})


def test_is_a_function_in_a_function_refused():
    with pytest.raises(stored.StoredError):
        stored.encoded(lambda x: x)


def test_does_a_drawn_tensor_come_back_from_its_recipe():
    rng = torch.Generator().manual_seed(3)
    images, labels = inputs.bundled(rng, "test", 700)
    for tensor in (
        inputs.normal(rng, 3, 100),
        inputs.uniform(rng, 300, low=-2.0, high=5.0, dtype=torch.float32),
        inputs.mixed(rng, 20, 20),
        inputs.integers(rng, 400, low=0, high=9),
        images,
        labels,
    ):
        text = json.dumps(stored.encoded(tensor))
        assert len(text) < 150
        assert torch.equal(there_and_back(tensor), tensor)


def test_are_drawn_numbers_the_same_on_every_platform():
    drawn = inputs.made(inputs.Recipe("normal", {"seed": 1, "shape": [3], "dtype": "float64"}))
    wanted = [1.6243453636632417, -0.6117564136500754, -0.5281717522634557]
    torch.testing.assert_close(drawn, torch.tensor(wanted, dtype=torch.float64))


def test_is_a_large_tensor_that_nobody_drew_refused():
    with pytest.raises(stored.StoredError, match=r"draw it with a function of course\.checks"):
        stored.encoded(torch.rand(stored.LARGEST + 1))


# Sketches ---------------------------------------------------------------------------------------


def judged(answer, expected, **how):
    return close(1e-7, 1e-9, **how)(answer, sketched(expected), VALUES.probe)


@pytest.fixture
def large():
    return torch.randn(7, 90, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_is_a_large_tensor_kept_as_a_sketch_that_comes_back(large):
    sketch = sketched({"a": [large]})["a"][0]
    assert isinstance(sketch, Sketch)
    assert there_and_back(sketch) == sketch
    assert len(json.dumps(stored.encoded(sketch))) < 1000
    assert torch.equal(sketched(large.flatten()[:WHOLE]), large.flatten()[:WHOLE])


def test_does_a_right_answer_up_to_rounding_pass(large):
    noise = 1 + 1e-12 * torch.randn(large.shape, dtype=torch.float64)
    assert judged(large * noise, large).passed
    assert close(1e-5, 1e-6, dtype=False)(large.float(), sketched(large), VALUES.probe).passed


@given(st.integers(0, 629), st.sampled_from([1e-3, -0.1, float("nan"), float("inf")]))
def test_is_one_wrong_value_anywhere_found(place, change):
    large = torch.randn(7, 90, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    wrong = large.clone()
    wrong.view(-1)[place] += change
    assert not judged(wrong, large).passed


def test_is_a_wrong_shape_dtype_or_kind_told_as_ever(large):
    assert judged(large.T, large).found == "shape (90, 7)"
    assert judged(large.float(), large).found == "float32"
    assert judged(None, large).found == "nothing (None)"


# Fingerprints -----------------------------------------------------------------------------------


@given(values)
def test_does_every_value_fit_its_own_fingerprint(value):
    for how in ({"dtype": True}, {"dtype": False, "rtol": 1e-5, "atol": 1e-7}):
        assert Fingerprint.of(value, **how).fits(value, **how)


def test_are_counts_told_apart_by_one():
    kept = Fingerprint.of([60_965_224, 3], dtype=False)
    assert kept.fits([60_965_224, 3], dtype=False)
    assert not kept.fits([60_965_220, 3], dtype=False)


def test_does_rounding_fit_and_another_answer_not(large):
    kept = Fingerprint.of({"y": large}, dtype=False, rtol=1e-6)
    with_nan = large.clone()
    with_nan[3, 4] = float("nan")
    others = [{"y": large * 1.01}, {"y": large.T}, {"z": large}, {"y": with_nan}]
    assert kept.fits({"y": large.float()}, dtype=False, rtol=1e-6)
    assert not any(kept.fits(other, dtype=False, rtol=1e-6) for other in others)


def test_does_a_large_number_not_hide_small_ones():
    one, other = torch.tensor([1000.0, 0.5, -0.3]), torch.tensor([1000.0, 0.4, -0.3])
    assert not Fingerprint.of(one, dtype=False, rtol=1e-5).fits(other, dtype=False, rtol=1e-5)


def test_does_a_dtype_count_where_the_judge_says_so(large):
    assert not Fingerprint.of(large, dtype=True).fits(large.float(), dtype=True)
