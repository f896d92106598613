"""CIFAR-10's two formats: the same images from both, and a pickle that can run nothing."""

import io
import pickle
import re
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modiste.datasets import DatasetError, DatasetNotFoundError
from modiste.datasets.cifar import decode_pickle, decode_records
from modiste.datasets.cifar10 import CIFAR10
from modiste.datasets.cifar_files import CifarFiles
from modiste.datasets.corpus import Corpus
from modiste.datasets.errors import DamagedFileError, UnusableFolderError
from modiste.datasets.places import find
from modiste.datasets.published import PublishedFile, digest
from tests.unit.cifar_batches import array, pickled, records, text

PLANES = np.random.default_rng(3).integers(0, 256, (4, 3072), np.uint8)
LABELS = [6, 9, 9, 4]
BATCHES = {"data_batch_1": (0, 2), "data_batch_2": (2, 3), "test_batch": (3, 4)}
DECODERS = [(records, decode_records), (pickled, decode_pickle)]
KINDS = ["records", "pickle"]


@pytest.mark.parametrize(("write", "decode"), DECODERS, ids=KINDS)
def test_planes_of_red_green_and_blue_become_pixels(write, decode):
    x, y = decode(write(PLANES, LABELS))
    assert (x.shape, x.dtype, y.dtype) == ((4, 32, 32, 3), np.uint8, np.uint8)
    assert y.tolist() == LABELS
    row, column = 5, 17
    for channel in range(3):
        assert np.array_equal(x[:, row, column, channel], PLANES[:, channel * 1024 + row * 32 + column])


def test_the_pickle_of_these_tests_is_what_numpy_and_python_read():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's old name in the file is deprecated
        document = pickle.loads(pickled(PLANES, LABELS), encoding="bytes")
    assert np.array_equal(document[b"data"], PLANES) and document[b"labels"] == LABELS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "has 0 bytes; expected whole records of 3,073"),
        (records(PLANES, LABELS)[:-1], "expected whole records"),
        (records(PLANES, [1, 2, 3, 10]), "the label 10; expected 0 to 9"),
    ],
    ids=["empty", "cut short", "no such class"],
)
def test_damaged_records_are_refused(data, reason):
    with pytest.raises(DamagedFileError, match=reason):
        decode_records(data)


class Attack:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_code_runs_none(tmp_path, protocol):
    ran = tmp_path / "ran"
    attack = pickle.dumps({b"data": Attack(Path.touch, ran)}, protocol)
    pickle.loads(attack)
    assert ran.exists()  # it is one
    ran.unlink()
    with pytest.raises(DamagedFileError, match=r"asks for .*it may be an attack"):
        decode_pickle(attack)
    assert not ran.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"cnumpy\nload\n.",
        b"cnumpy.core.multiarray\nscalar\n.",
        b"cbuiltins\neval\n.",
        b"(S'true'\nios\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x80\x02cnumpy\ndtype\n" + text(b"O8") + b"K\x00K\x01\x87R.",
        b"\x80\x02cnumpy\nndarray\nK\x01\x85R.",
    ],
    ids=["os", "numpy.load", "scalar", "eval", "INST", "STACK_GLOBAL", "objects", "ndarray called"],
)
def test_no_other_name_can_be_called(data):
    with pytest.raises(DamagedFileError, match="it asks for"):
        decode_pickle(data)


def test_a_pickle_cannot_change_what_the_next_file_is_read_with():
    hostile = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n}" + text(b"__code__") + b"Ns\x86b."
    with pytest.raises(DamagedFileError):
        decode_pickle(hostile)
    assert np.array_equal(decode_pickle(pickled(PLANES, LABELS))[1], LABELS)


def test_a_memo_of_billions_of_places_costs_nothing():
    with pytest.raises(DamagedFileError, match="holds a NoneType"):
        decode_pickle(b"\x80\x02Nr\xff\xff\xff\xff.")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no pickle of a batch"),
        (pickle.dumps([1]), "holds a list; expected a dictionary"),
        (pickle.dumps({b"labels": [1]}, 2).replace(b"c_codecs\nencode", b"cnumpy\ndtype"), "dtype other than"),
        (b"\x80\x02}(" + text(b"labels") + b"](K\x01eu.", "no array 'data' and list 'labels'"),
        (pickled(PLANES, [1, 2, 3, 10]), "not all numbers from 0 to 9"),
        (pickled(PLANES, [1, 2, 3]), "has 4 images and 3 labels"),
        (pickled(PLANES[:, :3071], LABELS), r"not uint8 \[rows, 3072\]"),
        (pickled(PLANES[:0], []), "holds no images"),
        (pickled(PLANES, LABELS)[:-40], "no pickle of a batch"),
    ],
    ids=["empty", "a list", "a dtype", "no data", "no such class", "few labels", "narrow", "no images", "cut short"],
)  # fmt: skip
def test_a_pickle_of_something_else_is_refused(data, reason):
    with pytest.raises(DamagedFileError, match=reason):
        decode_pickle(data)


SMALL = {"records": records(PLANES[:1], [3]), "pickle": pickled(PLANES[:1], [3])}


@pytest.mark.parametrize(("kind", "decode"), [("records", decode_records), ("pickle", decode_pickle)])
@settings(deadline=None)
@given(st.data())
def test_damaged_bytes_are_a_batch_or_refused_with_a_message(kind, decode, data):
    damaged = bytearray(SMALL[kind])
    # Most bytes are pixels, whose damage no format can see: aim at the others.
    telling = [at for at in range(len(damaged)) if at < 220 or at > len(damaged) - 80]
    for at in data.draw(st.lists(st.sampled_from(telling), max_size=5)):
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    try:
        x, y = decode(bytes(damaged[:cut]))
    except DatasetError as error:
        assert str(error)
    else:
        assert x.shape[1:] == (32, 32, 3) and len(x) == len(y)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_pickle(data):
    with pytest.raises(DatasetError, match=r"."):
        decode_pickle(data)


# ------------------------------------------------------------------ files in folders, and archives


def corpus(tmp_path: Path, monkeypatch) -> Corpus:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    formats = []
    for inner, suffix, (write, decode) in (("tiny-bin", ".bin", DECODERS[0]), ("tiny-py", "", DECODERS[1])):
        stored = {name + suffix: write(PLANES[a:b], LABELS[a:b]) for name, (a, b) in BATCHES.items()}
        folder = tmp_path / "source" / inner
        folder.mkdir(parents=True)
        for name, data in stored.items():
            (folder / name).write_bytes(data)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(folder, inner)
        (tmp_path / "source" / f"{inner}.tar.gz").write_bytes(packed.getvalue())
        *train, test = (PublishedFile(name, f"sha1:{digest(data, 'sha1')}") for name, data in stored.items())
        whole = PublishedFile(f"{inner}.tar.gz", f"sha256:{digest(packed.getvalue())}")
        formats.append(CifarFiles(decode, inner, whole, tuple(train), (test,)))
    folders = ("tiny-bin", "tiny-py", "target/tiny-py")
    return Corpus("tiny", CIFAR10.class_names, CIFAR10.image_shape, 3, folders, tuple(formats))


def put(tmp_path: Path, what: str, where: Path) -> None:
    where.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "source" / what).rename(where)


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("tiny-bin", "keras/datasets/tiny-bin"),
        ("tiny-py", "keras/datasets/tiny-py"),
        ("tiny-py", "keras/datasets/target/tiny-py"),
        ("tiny-bin.tar.gz", "keras/datasets/tiny-bin.tar.gz"),
        ("tiny-py.tar.gz", "keras/datasets/tiny-py.tar.gz"),
        ("tiny-py", "given"),
        ("tiny-bin", "given/tiny-bin"),
        ("tiny-bin.tar.gz", "given/tiny-bin.tar.gz"),
    ],
    ids=lambda value: value,
)
def test_each_form_in_each_place_gives_the_same(tmp_path, monkeypatch, what, where):
    tiny = corpus(tmp_path, monkeypatch)
    put(tmp_path, what, tmp_path / where)
    train, test = find(tiny, ["train", "test"], tmp_path / "given")
    expected, labels = decode_records(records(PLANES, LABELS))
    assert np.array_equal(train.x, expected[:3]) and np.array_equal(train.y, labels[:3])
    assert np.array_equal(test.x, expected[3:]) and np.array_equal(test.y, labels[3:])
    assert not train.x.flags.writeable and not train.y.flags.writeable
    assert len(train.files) == (1 if what.endswith(".gz") else 2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: (f / "data_batch_2").unlink(), "data_batch_2 is missing"),
        (lambda f: (f / "data_batch_1").write_bytes(b"cos\nsystem\n."), "data_batch_1 is not the published file: SHA-1"),
    ],
    ids=["a batch missing", "another file"],
)  # fmt: skip
def test_a_folder_of_batches_must_be_whole_and_the_published_one(tmp_path, monkeypatch, change, reason):
    tiny = corpus(tmp_path, monkeypatch)
    put(tmp_path, "tiny-py", tmp_path / "given" / "tiny-py")
    change(tmp_path / "given" / "tiny-py")
    with pytest.raises(DatasetNotFoundError, match=reason):
        find(tiny, ["train"], tmp_path / "given")
    assert len(find(tiny, ["test"], tmp_path / "given")[0].x) == 1


def test_an_archive_that_is_not_the_published_one_is_not_unpacked(tmp_path, monkeypatch):
    tiny = corpus(tmp_path, monkeypatch)
    path = tmp_path / "given" / "tiny-bin.tar.gz"
    put(tmp_path, "tiny-py.tar.gz", path)
    with pytest.raises(DatasetNotFoundError, match=r"tiny-bin\.tar\.gz is not the published file: SHA-256"):
        find(tiny, ["train"], path.parent)


@pytest.mark.parametrize(
    "name", ["cifar-10-matlab.tar.gz", "cifar-10-batches-mat/data_batch_1.mat", "data_batch_1.mat"]
)
def test_who_has_the_version_for_matlab_is_told_which_to_take(tmp_path, monkeypatch, name):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"")
    expected = re.escape(f"{Path(name).parts[0]} is there, whose format is not read; take {CIFAR10.wanted}")
    with pytest.raises(DatasetNotFoundError, match=expected):
        find(CIFAR10, ["train"], tmp_path)


def packed(**members: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(f"tiny/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"no archive", r"tiny\.tar\.gz is damaged: .*; remove it"),
        (packed(test=records(PLANES, LABELS))[:-3000], r"tiny\.tar\.gz is damaged"),
        (packed(other=b""), r"tiny\.tar\.gz is damaged: it holds no file tiny/test"),
        (packed(test=b"cut short"), "test is damaged: it has 9 bytes; expected whole records"),
    ],
    ids=["no archive", "cut short", "no batch", "a damaged batch"],
)
def test_an_archive_with_the_right_sum_is_read_with_care_all_the_same(tmp_path, archive, reason):
    (tmp_path / "tiny.tar.gz").write_bytes(archive)
    whole = PublishedFile("tiny.tar.gz", f"sha256:{digest(archive)}")
    files = CifarFiles(decode_records, "tiny", whole, (), (PublishedFile("test", "md5:"),))
    with pytest.raises(UnusableFolderError, match=reason):
        files.read(tmp_path, "test")


def test_where_nothing_is_both_forms_are_named(tmp_path, monkeypatch):
    with pytest.raises(DatasetNotFoundError) as caught:
        find(corpus(tmp_path, monkeypatch), ["train"])
    assert "tiny-bin or tiny-bin.tar.gz, or tiny-py or tiny-py.tar.gz." in str(caught.value)


def test_the_array_of_a_pickle_can_be_of_no_other_type():
    objects = array(PLANES).replace(text(b"u1"), text(b"O8"))
    with pytest.raises(DamagedFileError, match="a dtype other than uint8"):
        decode_pickle(b"\x80\x02" + objects + b".")
