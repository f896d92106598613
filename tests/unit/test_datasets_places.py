"""Where a data set is looked for: real files in real folders, in the published form."""

import dataclasses
import gzip
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest

from modiste.datasets import DatasetError, DatasetNotFoundError, idx
from modiste.datasets.corpus import Corpus
from modiste.datasets.idx_files import IdxFile, IdxFiles
from modiste.datasets.npz_file import NpzFile
from modiste.datasets.places import find
from modiste.datasets.published import PublishedFile

RANDOM = np.random.default_rng(7)


def npz(arrays: dict[str, np.ndarray], save=np.savez) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


ARRAYS = {
    "x_train": RANDOM.integers(0, 256, (6, 4, 4), np.uint8),
    "y_train": np.array([0, 1, 2, 0, 1, 2], np.uint8),
    "x_test": RANDOM.integers(0, 256, (3, 4, 4), np.uint8),
    "y_test": np.array([2, 1, 0], np.uint8),
}
NPZ = npz(ARRAYS)
PUBLISHED = {part: gzip.compress(idx.encode(array), mtime=1) for part, array in ARRAYS.items()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


@pytest.fixture
def corpus(tmp_path, monkeypatch) -> Corpus:
    """A small corpus whose cache and system folder are this test's own."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    parts = {p: IdxFile(f"{p}-idx", sha256(idx.encode(a)), md5(PUBLISHED[p])) for p, a in ARRAYS.items()}
    npz = PublishedFile("tiny.npz", f"sha256:{sha256(NPZ)}")
    formats = (IdxFiles(parts), NpzFile(npz, {part: file.sha256 for part, file in parts.items()}))
    folders = ("tiny-set", "tiny_set")
    return Corpus(
        "tiny_set", ("a", "b", "c"), (2, 2), 3, folders, formats, "dataset-tiny", tmp_path / "system"
    )


def put(folder: Path, parts=tuple(ARRAYS)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        (folder / f"{part}-idx.gz").write_bytes(PUBLISHED[part])
    return folder


def test_each_place_is_used_and_the_first_that_holds_all_wins(corpus, tmp_path):
    given, system = tmp_path / "given", put(tmp_path / "system")
    cache = tmp_path / "keras" / "datasets" / "tiny-set"
    assert find(corpus, ["train", "test"], given)[0].origin.folder == system
    put(cache)
    assert find(corpus, ["train", "test"], given)[0].origin.folder == cache
    put(given)
    assert find(corpus, ["train", "test"], given)[0].origin.folder == given


@pytest.mark.parametrize("inner", ["tiny-set", "tiny_set"])
def test_the_given_folder_may_hold_a_folder_of_the_data_sets_name(corpus, tmp_path, inner):
    put(tmp_path / "given" / inner)
    assert find(corpus, ["test"], tmp_path / "given")[0].origin.folder == tmp_path / "given" / inner


def test_the_arrays_are_those_of_the_files(corpus, tmp_path):
    train, test = find(corpus, ["train", "test"], put(tmp_path / "given"))
    assert np.array_equal(train.x, ARRAYS["x_train"]) and np.array_equal(train.y, ARRAYS["y_train"])
    assert np.array_equal(test.x, ARRAYS["x_test"]) and np.array_equal(test.y, ARRAYS["y_test"])
    assert test.files["x"].sha256 == sha256(idx.encode(ARRAYS["x_test"]))


def test_one_split_needs_no_file_of_the_other(corpus, tmp_path):
    folder = put(tmp_path / "given", ["x_test", "y_test"])
    assert len(find(corpus, ["test"], folder)[0].x) == 3
    with pytest.raises(DatasetNotFoundError, match=r"x_train-idx\.gz is missing"):
        find(corpus, ["train"], folder)


@pytest.mark.parametrize(
    ("write", "form"),
    [
        (lambda data: ("x_test-idx.gz", data), "as published"),
        (
            lambda data: ("x_test-idx.gz", gzip.compress(gzip.decompress(data), 1)),
            "as published, in another compression",
        ),
        (lambda data: ("x_test-idx", gzip.decompress(data)), "plain"),
    ],
    ids=["as published", "as published, in another compression", "plain"],
)
def test_the_decompressed_bytes_decide_and_the_form_is_told(corpus, tmp_path, write, form):
    folder = put(tmp_path / "given", ["y_test"])
    name, data = write(PUBLISHED["x_test"])
    (folder / name).write_bytes(data)
    assert find(corpus, ["test"], folder)[0].files["x"].form == form


def test_when_none_works_every_place_is_named_with_what_was_wrong_there(corpus, tmp_path):
    (put(tmp_path / "given") / "x_train-idx.gz").write_bytes(PUBLISHED["x_train"][:-5])
    cache = put(tmp_path / "keras" / "datasets" / "tiny-set")
    (cache / "y_train-idx.gz").write_bytes(gzip.compress(idx.encode(ARRAYS["y_train"][::-1])))

    def refuse(name: str) -> Path:
        raise DatasetError(f"no network for {name}")

    with pytest.raises(DatasetNotFoundError) as caught:
        find(corpus, ["train", "test"], tmp_path / "given", refuse)
    head, given, keras, system, download, advice = str(caught.value).splitlines()
    assert "tiny_set was found nowhere" in head
    assert f"({tmp_path / 'given'}): x_train-idx.gz is damaged: it is not a whole gzip file" in given
    assert f"({cache}): y_train-idx.gz is not the published file: SHA-256" in keras
    assert f"({tmp_path / 'system'}): there is no such folder" in system
    assert "tiny.npz is missing" not in given + keras  # what is damaged tells more than what is absent
    assert "the download: no network for tiny_set" in download
    assert "x_train-idx.gz" in advice and ", or tiny.npz, or install Debian's package dataset-tiny" in advice


def test_offline_no_download_is_spoken_of(corpus):
    with pytest.raises(DatasetNotFoundError) as caught:
        find(corpus, ["test"])
    assert "the download:" not in str(caught.value)


def test_a_download_is_the_last_resort_and_its_files_are_checked_as_all_others(corpus, tmp_path):
    fetched = []

    def fetch(name: str) -> Path:
        fetched.append(name)
        put(tmp_path / "fetched" / "tiny-set")
        return tmp_path / "fetched"

    found = find(corpus, ["test"], fetch=fetch)[0]
    assert (found.origin.folder, fetched) == (tmp_path / "fetched" / "tiny-set", ["tiny_set"])
    assert len(found.origin.passed_over) == 2
    put(tmp_path / "system")
    find(corpus, ["test"], fetch=fetch)
    assert fetched == ["tiny_set"]


def test_a_download_of_other_images_is_refused(corpus, tmp_path):
    parts = corpus.formats[0].parts
    other = dataclasses.replace(parts["x_test"], sha256=sha256(b"other"))
    changed = dataclasses.replace(corpus, formats=(IdxFiles({**parts, "x_test": other}),))
    with pytest.raises(
        DatasetNotFoundError, match=r"the download \(.*x_test-idx\.gz is not the published file"
    ):
        find(changed, ["test"], fetch=lambda name: put(tmp_path / "fetched" / "tiny-set").parent)


@pytest.mark.parametrize(
    ("write", "form"),
    [
        (lambda: NPZ, "as published"),
        (lambda: npz(ARRAYS, np.savez_compressed), "as published, in another compression"),
    ],
    ids=["as published", "as published, in another compression"],
)
@pytest.mark.parametrize("where", ["given", "given/tiny-set", "keras/datasets"])
def test_a_data_set_is_found_in_its_other_format_too(corpus, tmp_path, where, write, form):
    (tmp_path / where).mkdir(parents=True)
    (tmp_path / where / "tiny.npz").write_bytes(write())
    train, test = find(corpus, ["train", "test"], tmp_path / "given")
    assert np.array_equal(train.x, ARRAYS["x_train"]) and np.array_equal(test.y, ARRAYS["y_test"])
    assert train.files["tiny.npz"].form == form
    put(tmp_path / "other")
    assert find(corpus, ["train"], tmp_path / "other")[0].sha256 == train.sha256


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (NPZ[:-30], r"tiny\.npz is damaged: it is not a whole \.npz file"),
        (
            npz(ARRAYS | {"y_train": ARRAYS["y_train"][::-1]}),
            r"tiny\.npz's y_train is not the published file",
        ),
        (
            npz(ARRAYS | {"y_train": ARRAYS["y_train"].astype(int)}),
            r"tiny\.npz has no array 'y_train' of uint8",
        ),
        (npz({"x_train": ARRAYS["x_train"]}), r"tiny\.npz has no array 'y_train' of uint8"),
    ],
    ids=["cut short", "another order", "another type", "an array missing"],
)
def test_an_npz_of_something_else_is_refused(corpus, tmp_path, data, reason):
    (tmp_path / "tiny.npz").write_bytes(data)
    with pytest.raises(DatasetNotFoundError, match=reason):
        find(corpus, ["train"], tmp_path)


def test_a_damaged_format_does_not_hide_a_sound_one_beside_it(corpus, tmp_path):
    folder = put(tmp_path / "given", ["x_train"])
    (folder / "tiny.npz").write_bytes(NPZ)
    assert len(find(corpus, ["train"], folder)[0].x) == 6


def test_another_data_sets_files_of_the_same_names_are_refused(corpus, tmp_path):
    (put(tmp_path) / "x_test-idx.gz").write_bytes(gzip.compress(idx.encode(ARRAYS["x_train"])))
    with pytest.raises(DatasetNotFoundError, match=r"or is it another data set's\?"):
        find(corpus, ["test"], tmp_path)
