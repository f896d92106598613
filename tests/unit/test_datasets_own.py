"""Data of one's own: an `.npz` or a folder of pictures, read as they are meant or refused by name."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from modiste.datasets import OwnDataError, load
from modiste.datasets.own_parts import Part, hold_out

RANDOM = np.random.default_rng(5)
X = RANDOM.integers(0, 256, (20, 6, 5), np.uint8)
Y = np.arange(20) % 4
COLOUR = RANDOM.integers(0, 256, (20, 6, 5, 3), np.uint8)


def npz(tmp_path: Path, **arrays) -> Path:
    np.savez(tmp_path / "own.npz", **arrays)
    return tmp_path / "own.npz"


def write(path: Path, pixels: np.ndarray, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def folder(
    root: Path, rows: np.ndarray = COLOUR, parts=("",), classes=("boot", "coat", "Bag", "dress")
) -> Path:
    """The rows as PNG, row i in class i modulo their number, a share of them under each part."""
    for row, pixels in enumerate(rows):
        write(root / parts[row % len(parts)] / classes[row // 2 % len(classes)] / f"{row:02}.png", pixels)
    return root


def as_set(x: np.ndarray, y: np.ndarray) -> set[tuple[bytes, int]]:
    return {(pixels.tobytes(), int(label)) for pixels, label in zip(x, y, strict=True)}


# ------------------------------------------------------------------ .npz


def test_an_npz_with_both_parts_is_taken_as_it_is(tmp_path):
    path = npz(tmp_path, x_train=X, y_train=Y, x_test=X[:3], y_test=Y[:3], class_names=["a", "b", "c", "d"])
    own = load(str(path))
    assert (own.name, own.class_names, own.origin.folder) == ("own", ("a", "b", "c", "d"), path)
    assert np.array_equal(own.train.x, X) and np.array_equal(own.train.y, Y)
    assert np.array_equal(own.test.x, X[:3]) and np.array_equal(own.test.y, Y[:3])
    assert own.train.y.dtype == np.uint8 and not own.train.x.flags.writeable
    assert [file.path for file in own.files] == [path]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_its_sums_are_of_the_contents(tmp_path, save):
    save(tmp_path / "one.npz", x_train=X, y_train=Y, x_test=X, y_test=Y.astype(np.int32)[:, None])
    np.savez(tmp_path / "two.npz", x_train=X[..., None], y_train=Y, x_test=X, y_test=Y, more=np.zeros(3))
    one, two = load(str(tmp_path / "one.npz")), load(str(tmp_path / "two.npz"))
    assert one.sha256 == two.sha256
    assert set(one.sha256) == {"x_train", "y_train", "x_test", "y_test"}
    assert one.sha256["x_train"] == one.sha256["x_test"] != one.sha256["y_train"]
    assert load(str(npz(tmp_path, x_train=255 - X, y_train=Y))).sha256 != one.sha256


def test_without_names_the_classes_are_numbers(tmp_path):
    assert load(str(npz(tmp_path, x_train=X, y_train=Y))).class_names == ("0", "1", "2", "3")


def test_labels_of_more_than_256_classes_are_int64(tmp_path):
    x = np.zeros((600, 2, 2), np.uint8)
    own = load(str(npz(tmp_path, x_train=x, y_train=np.arange(600) % 300)))
    assert own.train.y.dtype == np.int64 and own.train.y.max() == 299


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x_train": X}, "it has no array 'y_train'; expected x_train and y_train, or these with"),
        ({"x": X, "y": Y}, "it has no array 'x_train'"),
        ({"x_train": X, "y_train": Y, "x_test": X}, "it has no array 'y_test'"),
        ({"x_train": X / 255, "y_train": Y}, "x_train is float64; expected uint8 from 0 to 255"),
        ({"x_train": X.reshape(20, 30), "y_train": Y}, r"x_train is \(20, 30\); expected \[n, height, width\]"),
        ({"x_train": np.zeros((20, 6, 5, 4), np.uint8), "y_train": Y}, r"x_train is \(20, 6, 5, 4\)"),
        ({"x_train": X[:0], "y_train": Y[:0]}, "and at least one image"),
        ({"x_train": X, "y_train": Y[:9]}, r"y_train is int64 \(9,\); expected whole numbers of shape \(20,\)"),
        ({"x_train": X, "y_train": np.eye(20)}, r"y_train is float64 \(20, 20\)"),
        ({"x_train": X, "y_train": Y - 1}, "y_train has the label -1; expected 0 to n-1"),
        ({"x_train": X, "y_train": Y + 10**6}, "the highest label is 1,000,003"),
        ({"x_train": X, "y_train": Y, "class_names": ["a", "b"]}, "highest label is 3, but class_names has 2 names"),
        ({"x_train": X, "y_train": Y, "class_names": [1, 2, 3, 4]}, "class_names is int64"),
        ({"x_train": X, "y_train": Y, "class_names": list("abba")}, "class_names has the same name twice"),
        ({"x_train": X, "y_train": Y, "x_test": COLOUR, "y_test": Y}, r"one of x_test \(6, 5, 3\); expected the same"),
        ({"x_train": X, "y_train": np.array([None] * 20)}, "holds Python objects, which are never unpickled"),
        ({"x_train": X[:4], "y_train": Y[:4]}, "every class has one image, so none can be held out"),
    ],
    ids=[
        "no labels", "other names", "half a test part", "floats", "flat", "alpha", "empty", "few labels", "one-hot",
        "negative", "no class numbers", "few names", "names are numbers", "same name", "other shape", "objects",
        "too few",
    ],
)  # fmt: skip
def test_an_npz_that_is_no_data_set_is_refused_by_name(tmp_path, arrays, reason):
    path = npz(tmp_path, **arrays)
    with pytest.raises(OwnDataError, match=rf"{path}: .*{reason}"):
        load(str(path))


@pytest.mark.parametrize("code", [0xD800, 0x110000], ids=["half a character", "beyond Unicode"])
def test_class_names_that_are_no_text_are_refused(tmp_path, code):
    names = np.frombuffer(np.array([code, 65, 66, 67], "<u4").tobytes(), "<U1")
    with pytest.raises(OwnDataError, match="class_names is no text"):
        load(str(npz(tmp_path, x_train=X, y_train=Y, class_names=names)))


@pytest.mark.parametrize("order", "<>")
def test_class_names_are_read_in_either_order_of_bytes(tmp_path, order):
    names = np.array(["두루마기", "b", "😀", "d"], f"{order}U4")
    assert load(str(npz(tmp_path, x_train=X, y_train=Y, class_names=names))).class_names == tuple(
        names.tolist()
    )


@pytest.mark.parametrize("name", ["nothing.npz", "text.txt"])
def test_what_is_no_data_set_at_all_is_told(tmp_path, name):
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(
        OwnDataError, match=r"is there; expected an \.npz file or a folder of pictures by class"
    ):
        load(str(tmp_path / name))


# ------------------------------------------------------------------ folders of pictures


def test_a_folder_of_classes_is_read_with_names_in_order(tmp_path):
    own = load(str(folder(tmp_path / "clothes")))
    assert (own.name, own.class_names) == ("clothes", ("Bag", "boot", "coat", "dress"))
    x, y = np.concatenate([own.train.x, own.test.x]), np.concatenate([own.train.y, own.test.y])
    numbers = {"boot": 1, "coat": 2, "Bag": 0, "dress": 3}
    expected = [numbers[("boot", "coat", "Bag", "dress")[row // 2 % 4]] for row in range(20)]
    assert as_set(x, y) == as_set(COLOUR, np.array(expected))
    assert (own.train.x.dtype, own.train.y.dtype) == (np.uint8, np.uint8)
    assert sorted(set(own.train.y[:8].tolist())) != [0]  # not sorted by class
    assert own.files == ()


def test_train_and_test_folders_are_taken_as_they_are(tmp_path):
    own = load(str(folder(tmp_path, parts=("train", "test"))))
    assert (len(own.train.x), len(own.test.x)) == (10, 10)
    assert as_set(np.concatenate([own.train.x, own.test.x]), np.zeros(20)) == as_set(COLOUR, np.zeros(20))
    again = load(str(tmp_path), split_seed=7, test_share=0.5)
    assert again.sha256 == own.sha256


def test_train_alone_is_divided(tmp_path):
    own = load(str(folder(tmp_path, parts=("train",))), test_share=0.5)
    assert (len(own.train.x), len(own.test.x)) == (10, 10)


def test_a_class_may_be_called_train(tmp_path):
    own = load(str(folder(tmp_path, classes=("train", "car"))))
    assert own.class_names == ("car", "train")


def test_grey_pictures_give_grey_and_one_of_colour_makes_all_colour(tmp_path):
    grey = folder(tmp_path, X)
    assert load(str(grey)).train.x.shape[1:] == (6, 5)
    assert load(str(grey), channels=3).train.x.shape[1:] == (6, 5, 3)
    write(tmp_path / "coat" / "colour.png", COLOUR[0])
    assert load(str(grey)).train.x.shape[1:] == (6, 5, 3)
    assert load(str(grey), channels=1).train.x.shape[1:] == (6, 5)


def test_pictures_of_several_sizes_need_one_to_be_given(tmp_path):
    folder(tmp_path)
    large = write(tmp_path / "dress" / "large.png", np.zeros((8, 9), np.uint8))
    with pytest.raises(
        OwnDataError, match=rf"{large}: it is 8x9 \(height x width\) and .*Bag.04\.png is 6x5"
    ):
        load(str(tmp_path))
    own = load(str(tmp_path), image_size=(28, 20))
    assert own.train.x.shape[1:] == (28, 20, 3)


def test_an_npz_is_resized_as_its_pictures_would_be(tmp_path):
    order = [0, 1, 2, 3, 8, 9]
    folder(tmp_path / "pictures", COLOUR[order], classes=("a", "b"))
    arrays = {"x_train": COLOUR[order], "y_train": np.array([0, 0, 1, 1, 0, 0])}
    for asked in ({"image_size": (9, 4)}, {"channels": 1}, {"image_size": (3, 3), "channels": 1}):
        one, two = load(str(npz(tmp_path, **arrays)), **asked), load(str(tmp_path / "pictures"), **asked)
        assert as_set(*both(one)) == as_set(*both(two))


def both(own) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([own.train.x, own.test.x]), np.concatenate([own.train.y, own.test.y])


def test_a_photograph_that_was_taken_sideways_is_turned_upright(tmp_path):
    root = folder(tmp_path, X[:4, :5], classes=("a", "b"))
    upright = RANDOM.integers(0, 256, (5, 5), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    for name in ("a", "b"):
        write(root / name / "turned.png", np.rot90(upright), exif=exif)
    assert (upright.tobytes(), 0) in as_set(*both(load(str(root))))


def test_a_sideways_photograph_counts_with_its_upright_size(tmp_path):
    root = folder(tmp_path, X[:8], classes=("a", "b"))
    exif = Image.Exif()
    exif[0x0112] = 8
    write(root / "a" / "turned.png", X[0].T.copy(), exif=exif)
    assert load(str(root)).train.x.shape[1:] == (6, 5)


def test_transparency_is_laid_over_white_and_deep_grey_brought_to_bytes(tmp_path):
    clear = np.zeros((4, 4, 4), np.uint8)
    deep = np.full((4, 4), 0x8040, np.uint16)
    for name in ("a", "b"):
        write(tmp_path / name / "clear.png", clear)
        write(tmp_path / name / "deep.png", deep)
    x, _ = both(load(str(tmp_path)))
    assert {int(pixels.min()) for pixels in x} == {0x80, 255}
    assert all(pixels.min() == pixels.max() for pixels in x)


def test_hidden_files_and_folders_are_left_out(tmp_path):
    folder(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "coat" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "coat" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "README.md").write_text("about")
    assert len(load(str(tmp_path)).class_names) == 4


def test_jpeg_in_any_spelling_is_read(tmp_path):
    for name in ("a/1.jpg", "a/2.JPEG", "b/3.JPG", "b/4.Png"):
        write(tmp_path / name, COLOUR[0], **({} if name.endswith("Png") else {"format": "JPEG"}))
    assert len(both(load(str(tmp_path)))[0]) == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda r: (r / "coat" / "notes.txt").write_text("hi"),
            "coat/notes.txt: expected a picture, .png, .jpg or",
        ),
        (lambda r: (r / "coat" / "inner").mkdir(), "coat/inner: expected a picture"),
        (
            lambda r: (r / "coat" / "02.png").write_bytes(b"GIF89a"),
            "coat/02.png: expected a whole PNG or JPEG",
        ),
        (lambda r: cut(r / "coat" / "02.png"), "coat/02.png: expected a whole PNG or JPEG"),
        (lambda r: (r / "empty").mkdir(), "empty: no pictures; expected .png, .jpg or .jpeg files"),
    ],
    ids=["text", "a folder", "another format", "cut short", "empty class"],
)
def test_a_folder_with_something_else_is_refused_by_name(tmp_path, change, reason):
    change(folder(tmp_path))
    with pytest.raises(OwnDataError, match=reason):
        load(str(tmp_path))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def test_one_class_or_none_is_refused_since_it_is_the_wrong_folder(tmp_path):
    write(tmp_path / "all" / "coat" / "1.png", X[0])
    for root in (tmp_path / "all", tmp_path / "all" / "coat"):
        with pytest.raises(
            OwnDataError, match=rf"{root}: it has [01] folders? of pictures; expected one for each"
        ):
            load(str(root))


def test_a_test_part_without_pictures_is_refused(tmp_path):
    folder(tmp_path, parts=("train",))
    (tmp_path / "test" / "coat").mkdir(parents=True)
    with pytest.raises(OwnDataError, match=r"test: no pictures; expected \.png, \.jpg or \.jpeg files in a"):
        load(str(tmp_path))


def test_a_test_class_that_was_never_trained_is_refused(tmp_path):
    folder(tmp_path, parts=("train", "test"))
    write(tmp_path / "test" / "hat" / "1.png", COLOUR[0])
    with pytest.raises(OwnDataError, match="test/hat: no class of this name is under"):
        load(str(tmp_path))


# ------------------------------------------------------------------ holding out


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.floats(0.01, 0.99), st.integers(0, 2**32))
def test_what_is_held_out_is_a_share_of_each_class(labels, share, seed):
    rows = np.arange(len(labels), dtype=np.uint8)
    train, test = hold_out(Part(rows, np.array(labels)), share, seed)
    assert sorted([*train.x, *test.x]) == rows.tolist()
    assert (np.diff(train.x.astype(int)) > 0).all() and (np.diff(test.x.astype(int)) > 0).all()
    for number in set(labels):
        count, held = labels.count(number), int((test.y == number).sum())
        assert abs(held - share * count) <= 0.5 or held in (1, count - 1)
        assert held < count and (held >= 1 or count == 1)
    again = hold_out(Part(rows, np.array(labels)), share, seed)
    assert np.array_equal(again[1].x, test.x)


def test_another_seed_holds_out_other_rows(tmp_path):
    path = str(npz(tmp_path, x_train=X, y_train=Y))
    assert load(path).sha256 == load(path).sha256
    assert load(path, split_seed=1).sha256 != load(path).sha256
    assert len(load(path, test_share=0.4).test.x) == 8
