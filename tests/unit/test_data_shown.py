"""``modiste data``: what it prints and draws, for published data sets and for data of one's own."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.datasets.fashion_mnist import FASHION_MNIST, PARTS


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the command draws into the working directory


def show(*arguments: object):
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


def width(path: Path) -> int:
    with Image.open(path) as image:
        return image.width


def test_the_published_data_are_shown_or_every_place_that_was_looked_in(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    result = show("fashion_mnist", "--picture", tmp_path / "row.png")
    if FASHION_MNIST.system_folder.is_dir():
        assert result.exit_code == 0
        assert "First labels of train: 9 0 0 3 0 2 7 2 5 5" in result.output
        assert (
            f"looked first in Keras's cache ({tmp_path / 'keras' / 'datasets'}): there is no" in result.output
        )
        assert "(60000, 28, 28)" in result.output and "47,040,000" in result.output
        assert all(part.sha256 in result.output for part in PARTS.values())
        assert width(tmp_path / "row.png") > 1000
    else:
        assert result.exit_code == 1
        assert str(tmp_path / "keras") in result.output
        assert str(FASHION_MNIST.system_folder) in result.output


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_a_data_set_that_is_nowhere_is_answered_with_its_files(tmp_path, monkeypatch, name):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    result = show(name, "--data-dir", tmp_path)
    assert result.exit_code == 1
    wanted = {"mnist": "mnist.npz", "cifar10": "cifar-10-batches-bin or cifar-10-binary.tar.gz"}[name]
    assert wanted in result.output and str(tmp_path / "keras") in result.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["mnist_fashion"], "there are: fashion_mnist, mnist, cifar10"),
        (["no/such/folder"], "no/such/folder: nothing is there; expected an .npz file or a folder"),
        (["mnist", "--image-size", "28"], "--image-size is '28'; expected height x width"),
        (["mnist", "--test-share", "2"], "test_share is 2.0; expected a share between 0 and 1"),
    ],
    ids=["name", "path", "size", "share"],
)
def test_the_command_ends_with_one_line_for_what_cannot_be(arguments, reason):
    result = show(*arguments)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert reason in result.output


@pytest.fixture
def own(tmp_path) -> Path:
    """Colour images of 300 classes, the first with a name that fills more than a line."""
    names = ["a name that is longer than any terminal is wide " * 6, *(f"class {n}" for n in range(1, 300))]
    x = np.random.default_rng(1).integers(0, 256, (900, 6, 5, 3), np.uint8)
    np.savez(tmp_path / "many.npz", x_train=x, y_train=np.arange(900) % 300, class_names=names)
    return tmp_path / "many.npz"


def test_many_classes_with_long_names_are_shown_whole(own, tmp_path):
    result = show(own, "--picture", tmp_path / "row.png")
    assert result.exit_code == 0
    assert "many, found in the given path: " in result.output
    assert "(600, 6, 5, 3)" in result.output and "int64" in result.output and "class 299" in result.output
    assert " ".join(result.output.split()).count("longer than any terminal") == 6
    assert width(tmp_path / "row.png") > 1000


def test_a_class_with_a_name_in_another_script_is_listed_by_it_and_drawn(tmp_path):
    x, y = np.full((8, 4, 4), 90, np.uint8), np.arange(8) % 2
    np.savez(tmp_path / "names.npz", x_train=x, y_train=y, class_names=["두루마기", "[red]x[/red]"])
    result = show(tmp_path / "names.npz", "--picture", tmp_path / "row.png")
    assert "두루마기" in result.output and "[red]x[/red]" in result.output
    assert width(tmp_path / "row.png") > 700


def test_other_sizes_channels_and_shares_can_be_asked_for(own):
    result = show(own, "--image-size", "12x10", "--channels", "1", "--test-share", "0.7")
    assert "(300, 12, 10)" in result.output and "(600, 12, 10)" in result.output


@pytest.mark.parametrize("name", ["row.nonsense", "no/such/folder/row.png"])
def test_a_picture_that_cannot_be_written_is_told(own, tmp_path, name):
    result = show(own, "--picture", tmp_path / name)
    assert result.exit_code == 1 and "The picture cannot be written" in result.output


def test_the_first_images_are_drawn_beside_the_reader_and_the_last_line_says_where(own, tmp_path):
    result = show(own)
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "Drawn: many-first-ten.png"
    assert width(tmp_path / "many-first-ten.png") > 1000


def test_a_picture_is_drawn_where_it_is_wanted_and_nowhere_else(own, tmp_path):
    assert "Drawn" not in show(own, "--no-picture").output
    (tmp_path / "pictures").mkdir()
    show(own, "--picture", tmp_path / "pictures" / "row.png")
    assert not list(tmp_path.glob("*.png"))
    contradiction = show(own, "--no-picture", "--picture", "row.png")
    assert contradiction.exit_code == 2 and "contradict each other" in contradiction.output


def test_where_nothing_can_be_written_the_rest_is_shown_with_the_reason(own, tmp_path):
    (tmp_path / "many-first-ten.png").mkdir()  # stands in for a folder without rights, which stop no root
    result = show(own)
    assert result.exit_code == 0 and "(600, 6, 5, 3)" in result.output
    assert "Not drawn: " in result.output and "--picture FILE draws into a file elsewhere" in result.output


def test_no_picture_gets_among_those_of_a_folder_that_is_shown(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for number in range(2):
            Image.new("L", (5, 5)).save(tmp_path / "shapes" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path / "shapes" / "a")
    result = show("..")
    assert result.exit_code == 0 and "the working directory is in the data" in result.output
    assert len(list((tmp_path / "shapes").rglob("*.png"))) == 4


def test_arrays_that_are_no_part_are_named_as_not_read(tmp_path):
    x, y = np.zeros((4, 5, 5), np.uint8), np.array([0, 1, 0, 1])
    np.savez(tmp_path / "shapes.npz", x_train=x, y_train=y, x_val=x, y_val=y)
    result = show("shapes.npz", "--no-picture")
    assert "  not read: array 'x_val': expected are x_train, y_train, x_test" in result.output
    assert result.output.count("not read") == 2


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_a_part_for_validation_is_named_as_not_read(tmp_path, name):
    for part in ("train", "test", name):
        for label in ("a", "b"):
            (tmp_path / "shapes" / part / label).mkdir(parents=True)
            Image.new("L", (5, 5)).save(tmp_path / "shapes" / part / label / "1.png")
    result = show("shapes", "--no-picture")
    assert f"  not read: {tmp_path / 'shapes' / name}: the parts are 'train' and 'test'" in result.output
    assert result.output.count("not read") == 1 and "(2, 5, 5)" in result.output
