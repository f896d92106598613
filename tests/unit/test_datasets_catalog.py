"""Data sets by name, and what may be asked for by path."""

import numpy as np
import pytest
from PIL import Image

from modiste.datasets import (
    DatasetError,
    DatasetNotFoundError,
    UnknownDatasetError,
    dataset_names,
    is_path,
    known,
    load,
    load_split,
)
from modiste.datasets.cifar10 import CIFAR10
from modiste.datasets.fashion_mnist import FASHION_MNIST
from modiste.datasets.mnist import MNIST
from modiste.datasets.picture import draw_row


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all():
    with pytest.raises(
        UnknownDatasetError,
        match=r"'fashion_mnits' \(did you mean 'fashion_mnist'\?\); there are: fashion_mnist, mnist, cifar10",
    ):
        load("fashion_mnits")


def test_an_unknown_split_is_answered_with_those_there_are():
    with pytest.raises(UnknownDatasetError, match="'valid'; there are: train, test"):
        load_split("fashion_mnist", "valid")


def test_what_is_known_of_a_published_data_set_is_what_its_files_hold(tmp_path):
    with pytest.raises(UnknownDatasetError, match="did you mean 'mnist'"):
        known("mnst")
    assert known(str(tmp_path)) is None
    small = known("cifar10", image_size=(16, 20), channels=1)
    assert (small.image_shape, small.train_rows, small.class_names[6]) == ((16, 20), 50_000, "frog")
    try:
        found = load("fashion_mnist")
    except DatasetNotFoundError:
        return
    told = known("fashion_mnist")
    assert (told.image_shape, told.train_rows) == (found.train.x.shape[1:], len(found.train.x))


def test_three_data_sets_of_ten_classes_are_known():
    assert dataset_names() == ("fashion_mnist", "mnist", "cifar10")
    assert FASHION_MNIST.class_names[9] == "Ankle boot"
    assert MNIST.class_names[7] == "7"
    assert (CIFAR10.class_names[0], CIFAR10.class_names[6]) == ("airplane", "frog")
    assert all(len(corpus.class_names) == 10 for corpus in (FASHION_MNIST, MNIST, CIFAR10))


@pytest.mark.parametrize("name", dataset_names())
def test_a_folder_without_the_files_is_passed_over_or_named(tmp_path, monkeypatch, name):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    try:
        assert load_split(name, "test", tmp_path).origin.folder != tmp_path
    except DatasetNotFoundError as error:
        assert f"{tmp_path}): " in str(error) and "is missing" in str(error)


@pytest.mark.parametrize("corpus", [FASHION_MNIST, MNIST, CIFAR10], ids=lambda corpus: corpus.name)
def test_files_of_the_right_name_are_not_believed(tmp_path, monkeypatch, corpus):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "test_batch", "test_batch.bin"):
        (tmp_path / name).write_bytes(b"something else")
    try:
        assert load_split(corpus.name, "test", tmp_path).origin.folder == corpus.system_folder
    except DatasetNotFoundError as error:
        assert "is not the published file" in str(error)


# ------------------------------------------------------------------ names and paths


def test_what_is_a_path_is_seen_from_the_text_and_from_the_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "mnist").mkdir()
    assert all(is_path(text) for text in ("a/b", "./a", "/a", "digits.npz", "photos", "."))
    assert not any(is_path(text) for text in ("mnist", "cifar10", "no_such", "", "a.zip"))


def test_a_split_can_be_had_by_name_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels, labels = np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 0, 1])
    np.savez("own.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    (tmp_path / "folder").mkdir()
    assert len(load("own.npz").test.x) == 4
    for reference in ("own.npz", "./own.npz", str(tmp_path / "own.npz"), "folder", "../", "mnist/../own.npz"):
        with pytest.raises(UnknownDatasetError, match="No data set is called"):
            load_split(reference, "test", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"test_share": 0.0}, "test_share is 0.0; expected a share between 0 and 1"),
        ({"test_share": 1.0}, "test_share is 1.0"),
        ({"test_share": float("nan")}, "test_share is nan"),
        ({"image_size": (0, 28)}, r"image_size is \(0, 28\); expected a height and a width"),
        ({"image_size": (28,)}, r"image_size is \(28,\)"),
        ({"channels": 2}, r"channels is 2; expected 1 \(grey\) or 3"),
    ],
    ids=["no share", "all", "nan", "no height", "no width", "two channels"],
)
def test_arguments_out_of_range_are_refused(arguments, reason):
    with pytest.raises(DatasetError, match=reason):
        load("mnist", **arguments)


# ------------------------------------------------------------------ the picture


def picture(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize(
    ("pixels", "ink"),
    [
        (np.eye(28, dtype=np.uint8)[None].repeat(3, 0) * 255, 255),
        (np.full((3, 28, 28), 200, np.uint8), 200),
        (np.full((3, 32, 32, 3), 255, np.uint8), 255),
    ],
    ids=["drawing", "grey photograph", "colour"],
)
def test_a_row_has_one_tile_for_each_image(tmp_path, pixels, ink):
    draw_row(pixels, ["one", "two", "three"], tmp_path / "row.png")
    page = picture(tmp_path / "row.png")
    assert page.shape[1] > 3 * 112
    assert page[24, 60, 0] == ink  # a drawing's black ground is turned white


@pytest.mark.parametrize("shape", [(1, 4, 400), (1, 400, 4), (1, 1, 1), (1, 300, 300, 3)])
def test_images_of_any_shape_keep_within_their_tile(tmp_path, shape):
    draw_row(np.full(shape, 90, np.uint8), ["x"], tmp_path / "row.png")
    page = picture(tmp_path / "row.png")
    assert page.shape[:2] == (112 + 24 + 24, 112 + 24)
    assert (page[:, :12] == 255).all() and (page[:12] == 255).all()


def test_a_caption_keeps_within_its_tile_whatever_its_length(tmp_path):
    names = ["a very long name of a class " * 40, "두루마기", "two\nlines", ""]
    draw_row(np.full((4, 8, 8), 90, np.uint8), names, tmp_path / "row.png")
    page = picture(tmp_path / "row.png")
    captions, tile = page[12 + 112 + 1 :], 112 + 12
    for column in range(1, 4):
        assert (captions[:, 6 + column * tile] == 255).all()  # the middle of each gap is blank
