"""Weights as files: what is saved comes back, and what is no such file is refused with a reason."""

from __future__ import annotations

import json
import pickle
import struct

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course import weights
from course.weights import LARGEST, MissingWeights, WeightsError

NAME = "network.safetensors"


def network(width: int = 3) -> nn.Module:
    return nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width), nn.Linear(width, 1))


def file(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape: list[int], start: int, end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def good() -> bytes:
    return bytes(safetensors.torch.save({"a": torch.ones(2, 3), "b": torch.tensor(7)}))


@pytest.fixture
def path(tmp_path):
    return tmp_path / NAME


def test_a_network_comes_back_with_its_buffers(path):
    first, second = network(), network()
    first(torch.randn(5, 2))  # moves the running statistics
    told = weights.save(first, path)
    weights.load(second, path)
    assert told.startswith(f"{NAME}: 9 tensors, ")
    for name, tensor in first.state_dict().items():
        assert torch.equal(second.state_dict()[name], tensor)
    assert [one.name for one in path.parent.iterdir()] == [NAME]


@given(st.integers(0, 700))
def test_a_header_may_have_any_length(spaces):
    text = json.dumps({"a": entry([2], 0, 8)}).encode() + b" " * spaces
    found = weights.parse(file(text, struct.pack("<2f", 1, 2)), NAME)
    assert found["a"].tolist() == [1, 2]


@given(st.integers(1, 40), st.integers(1, 120))
def test_a_network_with_names_of_any_length_comes_back(count, length):
    tensors = {f"{number:0{length}}": torch.ones(1) for number in range(count)}
    assert set(weights.parse(bytes(safetensors.torch.save(tensors)), NAME)) == set(tensors)


@pytest.mark.parametrize("kept", [9, 60, 0x88, 0x8B])
def test_a_file_cut_short_is_no_pickle(kept):
    text = json.dumps({"a": entry([2], 0, 8)}).encode().ljust(0x80)
    with pytest.raises(WeightsError, match=r"cut short|can't be read"):
        weights.parse(file(text, bytes(8))[:kept], NAME)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("thing", [{}, {"a": 1}, [], "{" * 99, b"{" * 4000, {"a": [1.5] * 9}])
def test_a_pickle_is_named_whatever_is_in_it(protocol, thing):
    with pytest.raises(WeightsError, match="found a pickle"):
        weights.parse(pickle.dumps(thing, protocol), NAME)


def test_half_precision_serves_a_network_in_single(path):
    weights.save(network().half(), path)
    model = network()
    weights.load(model, path)
    assert weights.read(path)["0.weight"].dtype == torch.float16
    assert model[0].weight.dtype == torch.float32


def test_tied_weights_are_written_once_and_tied_again(path):
    def tied() -> nn.Module:
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
        model[1].weight = model[0].weight
        return model

    first, second = tied(), tied()
    weights.save(first, path)
    weights.load(second, path)
    assert set(weights.read(path)) == {"0.weight", "0.bias", "1.bias"}
    assert torch.equal(second[1].weight, first[0].weight)
    assert second[1].weight is second[0].weight


def test_slices_of_one_tensor_are_written_as_what_they_show(path):
    whole = torch.arange(12.0).reshape(3, 4)
    model = nn.Module()
    model.register_buffer("row", whole[1])
    model.register_buffer("column", whole[:, 1])
    weights.save(model, path)
    assert weights.read(path)["column"].tolist() == [1, 5, 9]


def _nan() -> nn.Module:
    model = network()
    nn.init.constant_(model[0].weight, float("nan"))
    return model


class WithExtra(nn.Linear):
    def get_extra_state(self) -> object:
        return "anything"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (_nan(), r"'0.weight' holds NaN or infinity.*diverged"),
        (nn.Linear(2, 2, device="meta"), "'weight' is a torch.float32 tensor.*meta"),
        (nn.LazyLinear(2), "no shape yet: put a batch through"),
        (WithExtra(2, 2), "'_extra_state' of the model is a str, no tensor"),
        (nn.Linear(2, 2, dtype=torch.complex64), "torch.complex64 tensor"),
        (nn.Linear(1100, 1000), "4,404,152 bytes, expected at most 4,194,304"),
        (nn.ReLU(), "expected 1 to 1,000 tensors, found 0"),
    ],
)
def test_what_can_not_be_handed_in_is_not_written(path, model, told):
    path.write_bytes(b"the last good one")
    with pytest.raises(WeightsError, match=told):
        weights.save(model, path)
    assert path.read_bytes() == b"the last good one"


def test_a_missing_file_says_how_to_make_it(path):
    with pytest.raises(MissingWeights, match=r"run course.weights.save\(model, 'network.safe"):
        weights.load(network(), path)


def test_a_folder_is_no_file(path):
    path.mkdir()
    with pytest.raises(WeightsError, match="expected a file, found a folder"):
        weights.read(path)


def test_a_huge_file_is_refused_by_its_whole_size_and_not_read(path):
    with path.open("wb") as huge:
        huge.truncate(1 << 40)
    with pytest.raises(WeightsError, match=r"1,099,511,627,776 bytes, expected at most 4,194,304"):
        weights.read(path)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "found 0 bytes of something else"),
        (b"some text, no tensors", "of something else, or of one cut short"),
        (good()[:-1], "one that can't be read"),
        (good() + b"x", "one that can't be read"),
        (struct.pack("<Q", 1 << 62) + b"{" + bytes(50), "cut short"),
        (file(b"{" + b" " * weights.HEADER + b"}"), "a header of at most 262,144 bytes"),
        (file(b"{" + b"[" * 10_000), "one that can't be read"),
        (file({}), "expected 1 to 1,000 tensors, found 0"),
        (file({"a": entry([2], 0, 8), "b": entry([2], 4, 12)}, bytes(12)), "can't be read"),
        (file({"a": entry([1 << 40], 0, 8)}, bytes(8)), "can't be read"),
        (file({"a": entry([1 << 40, 1 << 40], 0, 8)}, bytes(8)), "can't be read"),
        (file({"a": entry([0, 1 << 40], 0, 0)}), r"claims the shape \(0, 1099511627776\)"),
        (file({"a": entry([1] * 9, 0, 4)}, bytes(4)), "claims the shape"),
        (file({"a": entry([1], 0, 1, "F8_E4M3")}, bytes(1)), "'a' is of F8_E4M3, expected one"),
        (file({"a": entry([1], 0, 1, "BOOL")}, b"\2"), "other bytes than 0 and 1"),
        (file({"a\n": entry([1], 0, 4)}, bytes(4)), r"a name that no network has, 'a\\n'"),
        (file({"a" * 300: entry([1], 0, 4)}, bytes(4)), "a name that no network has"),
        (file({f"{n}": entry([], n, n + 1, "U8") for n in range(1001)}, bytes(1001)), "1,001"),
        (file({"a": entry([1], 0, 4)}, struct.pack("<f", float("inf"))), "NaN or infinity"),
        (file({"a": entry([1], 0, 2, "F16")}, b"\0\x7e"), "NaN or infinity"),
        (pickle.dumps({"a": 1}), "found a pickle, as torch.save writes it"),
        (b"PK\x03\x04" + bytes(50), "found a pickle, as torch.save writes it"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_reason(data, told):
    with pytest.raises(WeightsError, match=told):
        weights.parse(data, NAME)


def test_a_file_of_torch_save_is_never_opened(path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("a pickle was opened",)

    torch.save({"a": Trap()}, path)
    with pytest.raises(WeightsError, match="found a pickle"):
        weights.read(path)


@given(st.integers(0, len(good()) - 1), st.binary(min_size=1, max_size=12), st.booleans())
def test_damaged_bytes_give_tensors_or_a_reason_and_nothing_else(at, patch, cut):
    data = good()
    damaged = data[:at] if cut else data[:at] + patch + data[at + len(patch) :]
    _tensors_or_reason(damaged)


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.fixed_dictionaries(
            {
                "dtype": st.sampled_from([*weights.DTYPES, "F8_E5M2", "X"]),
                "shape": st.lists(st.integers(0, 3) | st.integers(0, 1 << 63), max_size=4),
                "data_offsets": st.lists(st.integers(0, 40), min_size=2, max_size=2),
            }
        ),
        max_size=3,
    ),
    st.binary(max_size=40),
)
def test_any_header_gives_tensors_or_a_reason_and_nothing_else(header, data):
    _tensors_or_reason(file(header, data))


def _tensors_or_reason(data: bytes) -> None:
    try:
        found = weights.parse(data, NAME)
    except WeightsError:
        return
    assert sum(tensor.numel() for tensor in found.values()) <= LARGEST
    assert all(tensor.isfinite().all() for tensor in found.values())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"0.weight": None}, "it lacks '0.weight'"),
        ({"extra": torch.ones(1)}, "the network has no 'extra'"),
        ({"0.bias": torch.ones(4)}, r"'0.bias' has the shape \(4,\), expected \(3,\)"),
        ({"0.bias": torch.ones(3, dtype=torch.int64)}, "'0.bias' is of int64, expected float32"),
        ({"1.num_batches_tracked": torch.tensor(1.0)}, "is of float32, expected int64"),
        ({f"module.{n}": torch.ones(1) for n in range(9)}, "and 6 more"),
    ],
)
def test_tensors_of_another_network_are_named_and_nothing_is_changed(change, told):
    model = network()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    given = {name: tensor + 1 for name, tensor in before.items()} | change
    with pytest.raises(WeightsError, match=told):
        weights.fill(model, {name: t for name, t in given.items() if t is not None})
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in before.items())


def test_without_the_package_the_message_says_what_to_install(path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match="%pip install safetensors"):
        weights.save(network(), path)


def test_a_refusal_shows_control_characters_of_the_file_instead_of_sending_them():
    text = b'{"w": {"dtype": "\\u001b[2J", "shape": [], "data_offsets": [0, 0]}}'
    with pytest.raises(weights.WeightsError) as found:
        weights.parse(len(text).to_bytes(8, "little") + text, "network.safetensors")
    assert str(found.value).isprintable()
    assert "\\x1b[2J" in str(found.value)
