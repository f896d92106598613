"""Data sets by name, and the command that shows them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.datasets import DatasetNotFoundError, UnknownDatasetError, dataset_names, load, load_split
from modiste.datasets.fashion_mnist import FASHION_MNIST
from modiste.datasets.picture import draw_row


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all():
    with pytest.raises(
        UnknownDatasetError, match=r"'fashion_mnits' \(did you mean 'fashion_mnist'\?\); there are:"
    ):
        load("fashion_mnits")


def test_an_unknown_split_is_answered_with_those_there_are():
    with pytest.raises(UnknownDatasetError, match="'valid'; there are: train, test"):
        load_split("fashion_mnist", "valid")


def test_fashion_mnist_is_known_by_ten_class_names():
    assert dataset_names() == ("fashion_mnist",)
    assert len(FASHION_MNIST.class_names) == 10 and FASHION_MNIST.class_names[9] == "Ankle boot"


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def show(*arguments: str):
    return CliRunner().invoke(app, ["data", "fashion_mnist", *arguments])


def test_the_command_shows_the_published_data_or_names_every_place_it_looked_in(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    result = show("--picture", str(tmp_path / "row.png"))
    if FASHION_MNIST.system_folder.is_dir():
        assert result.exit_code == 0
        assert "First labels of train: 9 0 0 3 0 2 7 2 5 5" in result.output
        assert "(60000, 28, 28)" in result.output and "47,040,000" in result.output
        assert FASHION_MNIST.parts["x_train"].sha256 in result.output
        assert picture(tmp_path / "row.png").shape[1] > 1000
    else:
        assert result.exit_code == 1
        assert str(tmp_path / "keras") in result.output
        assert str(FASHION_MNIST.system_folder) in result.output


def test_the_command_ends_with_one_line_for_an_unknown_name():
    result = CliRunner().invoke(app, ["data", "mnist_fashion"])
    assert result.exit_code == 1
    assert "there are: fashion_mnist" in result.output


def test_a_folder_without_the_files_is_passed_over_or_named(tmp_path):
    try:
        assert load_split("fashion_mnist", "test", tmp_path).origin.folder != tmp_path
    except DatasetNotFoundError as error:
        assert f"{tmp_path}): t10k-images-idx3-ubyte.gz is missing" in str(error)


@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 32, 32, 3)], ids=["grey", "colour"])
def test_a_row_has_one_tile_for_each_image(tmp_path, shape):
    draw_row(np.full(shape, 255, np.uint8), ["one", "two", "three"], tmp_path / "row.png")
    page = picture(tmp_path / "row.png")
    assert page.shape[1] > 3 * 112
    ink = 0 if len(shape) == 3 else 255  # grey is drawn dark on white
    assert page[60, 60, 0] == ink
