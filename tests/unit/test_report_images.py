"""Which test images a report keeps, and reading them back."""

import io
import zipfile

import numpy as np
import pytest

from modiste.artifact import ArtifactError
from modiste.report_images import LISTED, MOST, PER_CELL, of_classes, of_numbers, parse
from tests.unit.report_subjects import answers, images

X, Y = images(1000)
ANSWERS = answers(Y, 10, 2.0)
PREDICTED = ANSWERS.argmax(axis=1)
SURE = ANSWERS.max(axis=1)


@pytest.fixture(scope="module")
def chosen():
    return of_classes(X, Y, ANSWERS)


def test_every_cell_has_its_most_telling_images(chosen):
    for true in range(10):
        for predicted in range(10):
            rows = np.flatnonzero((true == Y) & (predicted == PREDICTED))
            order = rows[np.argsort(-SURE[rows], kind="stable")].tolist()
            doubted = [order[::-1][place] for place in (0, 1, 3, 7, 15, 31, 63) if place < len(order)]
            wanted = [*doubted, *order[:1]] if true == predicted else order[:PER_CELL]
            kept = chosen.index[(chosen.true == true) & (chosen.predicted == predicted)]
            assert set(wanted) <= set(kept.tolist())


def test_the_mistakes_that_a_report_lists_are_all_there(chosen):
    wrong = np.flatnonzero(PREDICTED != Y)
    assert len(wrong) > LISTED
    assert set(wrong[np.argsort(-SURE[wrong], kind="stable")][:LISTED]) <= set(chosen.index)


def test_each_image_is_that_of_its_row(chosen):
    assert (np.diff(chosen.index) > 0).all()
    assert np.array_equal(chosen.images, X[chosen.index]) and np.array_equal(chosen.true, Y[chosen.index])
    assert np.array_equal(chosen.probability, SURE[chosen.index])


def test_where_not_all_fit_every_cell_still_has_some():
    classes, rows = 60, 12_000
    labels = np.arange(rows) % classes
    wild = answers(labels, classes, 0.5)
    tiny = np.zeros((rows, 1, 1), np.uint8)
    kept = of_classes(tiny, labels, wild)
    cells = {*zip(labels.tolist(), wild.argmax(axis=1).tolist(), strict=True)}
    assert len(kept.index) == MOST < rows
    assert len({*zip(kept.true.tolist(), kept.predicted.tolist(), strict=True)}) >= min(
        len(cells), MOST - LISTED
    )


def test_of_numbers_the_most_missed_are_kept():
    labels = np.linspace(0, 1, 300, dtype=np.float32)
    given = (labels + np.sin(np.arange(300)) / 10).astype(np.float32)[:, np.newaxis]
    kept = of_numbers(X[:300], labels, given)
    missed = np.abs(given[:, 0] - labels)
    assert len(kept.index) == LISTED
    assert missed[kept.index].min() >= np.sort(missed)[-LISTED]
    assert len(kept.probability) == 0


@pytest.mark.parametrize("numbers", [False, True])
def test_what_is_written_is_read_and_twice_the_same_bytes(tmp_path, chosen, numbers):
    written = of_numbers(X[:50], Y[:50].astype(np.float32), ANSWERS[:50, :1]) if numbers else chosen
    for name in ("one.npz", "two.npz"):
        written.write(tmp_path / name)
    data = (tmp_path / "one.npz").read_bytes()
    assert data == (tmp_path / "two.npz").read_bytes()
    found = parse(data)
    for field in written.__slots__:
        assert np.array_equal(getattr(found, field), getattr(written, field)), field


def packed(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


GOOD = {
    "index": np.arange(3),
    "true": np.arange(3),
    "predicted": np.arange(3),
    "probability": np.zeros(3, np.float32),
    "images": np.zeros((3, 4, 4), np.uint8),
}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"index": np.arange(4)}, id="another length"),
        pytest.param({"images": np.zeros((3, 4, 4))}, id="other pixels"),
        pytest.param({"images": np.zeros((3, 4), np.uint8)}, id="no pictures"),
        pytest.param({"true": np.array(["a", "b", "c"])}, id="texts"),
        pytest.param({"true": np.zeros(3)}, id="of two kinds"),
        pytest.param({"probability": np.zeros(0, np.float32)}, id="without probabilities"),
        pytest.param({"index": np.array([None] * 3)}, id="objects"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changed):
    parse(packed(**GOOD))
    with pytest.raises(ArtifactError):
        parse(packed(**{**GOOD, **changed}))


def test_what_is_no_archive_or_lacks_an_array_is_refused():
    lacking = {name: array for name, array in GOOD.items() if name != "true"}
    for data in (b"", b"PK\x03\x04", packed(**GOOD)[:-40], packed(**lacking)):
        with pytest.raises(ArtifactError, match="damaged"):
            parse(data)


def test_a_bomb_is_refused_before_it_is_unpacked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", bytes(40 * 1024 * 1024))
    assert len(file.getvalue()) < 100_000
    with pytest.raises(ArtifactError, match="too large"):
        parse(file.getvalue())
