"""The download by `keras.datasets`: what it leaves is found, checked and read; what fails is told."""

import dataclasses
import gzip
import hashlib
import os
import subprocess
import sys
import tarfile
import threading
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.datasets.cifar import load_batch

from modiste.datasets import idx
from modiste.datasets.cifar import decode_pickle
from modiste.datasets.cifar10 import CIFAR10
from modiste.datasets.cifar_files import CifarFiles
from modiste.datasets.corpus import Corpus
from modiste.datasets.fashion_mnist import FASHION_MNIST, PARTS
from modiste.datasets.idx_files import IdxFile, IdxFiles
from modiste.datasets.places import find
from modiste.datasets.published import PublishedFile
from tests.unit.cifar_batches import pickled

RANDOM = np.random.default_rng(11)
ARRAYS = {
    "x_train": RANDOM.integers(0, 256, (30, 28, 28), np.uint8),
    "y_train": RANDOM.integers(0, 10, 30, np.uint8),
    "x_test": RANDOM.integers(0, 256, (7, 28, 28), np.uint8),
    "y_test": RANDOM.integers(0, 10, 7, np.uint8),
}
HOSTED = "storage.googleapis.com/tensorflow/tf-keras-datasets"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Downloads:
    """What Keras left or said of each name, and its folder."""

    home: Path
    said: dict[str, str]


@pytest.fixture(scope="module")
def downloads(tmp_path_factory) -> Downloads:
    """Three downloads from a server of this machine: one is there, one is not the published one, one is absent.

    In one process of their own: Keras reads KERAS_HOME once, when it is imported.
    """
    www, home = tmp_path_factory.mktemp("www"), tmp_path_factory.mktemp("home")
    folder = www / HOSTED
    folder.mkdir(parents=True)
    for part, array in ARRAYS.items():
        (folder / f"{PARTS[part].name}.gz").write_bytes(gzip.compress(idx.encode(array)))
    np.savez(folder / "mnist.npz", **ARRAYS)  # of the right form, but not the published one
    names = ("fashion_mnist", "mnist", "cifar10")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=www)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = str(server.server_address[1])
        result = subprocess.run(
            [sys.executable, "-m", "tests.keras.download_locally", port, *names],
            env=os.environ | {"KERAS_HOME": str(home)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
        )
        server.shutdown()
        thread.join()
    lines = [line for line in result.stdout.splitlines() if line.startswith(("left ", "failed "))]
    return Downloads(home, dict(zip(names, lines, strict=True)))


def small_fashion() -> Corpus:
    """Fashion-MNIST with four small files of its format, under its names and with sums of their own."""
    parts = {
        part: IdxFile(PARTS[part].name, hashlib.sha256(idx.encode(array)).hexdigest(), "")
        for part, array in ARRAYS.items()
    }
    return dataclasses.replace(FASHION_MNIST, formats=(IdxFiles(parts),), system_folder=None)


def test_what_keras_downloads_is_found_checked_and_read(downloads, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "nothing"))

    def fetch(name: str) -> Path:
        return Path(downloads.said[name].removeprefix("left "))

    train, test = find(small_fashion(), ["train", "test"], fetch=fetch)
    assert train.origin.place == "the download"
    assert train.origin.folder == downloads.home / "datasets" / "fashion-mnist"
    assert np.array_equal(train.x, ARRAYS["x_train"]) and np.array_equal(test.y, ARRAYS["y_test"])
    monkeypatch.setenv("KERAS_HOME", str(downloads.home))
    assert find(small_fashion(), ["test"])[0].origin.place == "Keras's cache"


def test_a_download_that_keras_refuses_or_cannot_have_is_told(downloads):
    refused, absent = downloads.said["mnist"], downloads.said["cifar10"]
    assert refused.startswith("failed keras.datasets.mnist failed: Incomplete or corrupted file detected")
    assert absent.startswith("failed keras.datasets.cifar10 failed: ") and "404" in absent


def test_keras_reads_the_batches_of_these_tests_as_modiste_does(tmp_path):
    planes, labels = RANDOM.integers(0, 256, (5, 3072), np.uint8), [3, 1, 4, 1, 5]
    (tmp_path / "batch").write_bytes(pickled(planes, labels))
    theirs, numbers = load_batch(str(tmp_path / "batch"))
    ours, y = decode_pickle(pickled(planes, labels))
    assert np.array_equal(theirs.transpose(0, 2, 3, 1), ours) and y.tolist() == list(numbers)


def test_the_archive_as_keras_unpacks_it_is_found(tmp_path, monkeypatch):
    planes = RANDOM.integers(0, 256, (3, 3072), np.uint8)
    folder = tmp_path / "source" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    (folder / "data_batch_1").write_bytes(pickled(planes[:2], [1, 2]))
    (folder / "test_batch").write_bytes(pickled(planes[2:], [3]))
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, folder.name)
    (tmp_path / "home").mkdir()
    keras.utils.get_file(  # as keras.datasets.cifar10 calls it, but for the address and the sum
        fname="cifar-10-batches-py-target",
        origin=archive.as_uri(),
        extract=True,
        file_hash=hashlib.sha256(archive.read_bytes()).hexdigest(),
        cache_dir=str(tmp_path / "home"),
    )
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    train, test = (
        PublishedFile(name, f"md5:{hashlib.md5((folder / name).read_bytes()).hexdigest()}")
        for name in ("data_batch_1", "test_batch")
    )
    pickles = CifarFiles(decode_pickle, folder.name, PublishedFile(archive.name, "md5:0"), (train,), (test,))
    found = find(dataclasses.replace(CIFAR10, formats=(pickles,)), ["train", "test"])
    assert [split.y.tolist() for split in found] == [[1, 2], [3]]
    assert found[0].origin.folder == tmp_path / "home/datasets/cifar-10-batches-py-target/cifar-10-batches-py"
