"""The course, run for real on few images: its page, its resuming, and what it says of missing data."""

import dataclasses
import hashlib
import re
import sys

import numpy as np
import pytest
from training_data import IMAGES, small_dataset
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.datasets import Dataset
from modiste.datasets.cifar import decode_records
from modiste.datasets.cifar10 import CIFAR10
from modiste.datasets.cifar_files import CifarFiles
from modiste.datasets.places import find
from modiste.datasets.published import PublishedFile
from tests.unit.cifar_batches import records
from training.course.budget import SMALL, Budget
from training.course.lab import Lab
from training.course.outcome import Claim, Comparison
from training.course.page import write_page
from training.course.running import run_course
from training.errors import RunError

# Its fixture trains nine networks, on machines that others use too.
pytestmark = pytest.mark.timeout(600)
ASKED = (1, 3, 6, 7, 8, 9, 13, 14)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def lab(runs):
    return Lab(SMALL, runs, at_hand={"fashion_mnist": small_dataset()})


@pytest.fixture(scope="module")
def done(lab):
    return {one.number: one for one in run_course(lab, ASKED)}


@pytest.fixture(scope="module")
def page(done, lab, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "course.md"
    write_page(list(done.values()), lab, path, "modiste course 1 3 --budget small")
    return path


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No data set is on this machine, and none can be downloaded."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def found(done, number: int) -> list[str]:
    return [check.found for check in done[number].outcome.checks if isinstance(check, Claim)]


def test_every_experiment_that_was_asked_for_was_run(done):
    assert tuple(done) == ASKED
    assert all(not one.outcome.not_run for one in done.values())
    assert all(one.seconds > 0 for one in done.values())


def test_the_baseline_is_set_beside_its_reference(done):
    (check,) = done[1].outcome.checks
    assert isinstance(check, Comparison)
    assert check.reference == 0.8196
    assert 0.5 < check.mean < 0.9


def test_three_spellings_are_one_network_that_learns_the_same(done):
    claim = done[3].outcome.checks[0]
    assert claim.holds
    assert claim.found == "79,510, 79,510, 79,510; architectures equal"
    assert "all figures of all epochs are equal" in done[3].outcome.findings[0]


def test_models_that_are_read_back_predict_what_they_predicted(done):
    (claim,) = done[8].outcome.checks
    assert claim.holds
    (table,) = done[8].outcome.blocks
    assert [row[0] for row in table.rows] == ["`model.weights.h5`", "`model.keras`", "`model.h5`"]
    assert len({row[3] for row in table.rows}) == 1


def test_the_saved_model_is_the_best_epochs(done):
    assert found(done, 9) == ["did not stop within 2 epochs, kept epoch 2, saved model is the best one"]


def test_a_run_that_stops_early_keeps_the_epoch_before_its_patience(tmp_path):
    # Labels drawn by lot: there is nothing to learn, and the validation loss soon turns up.
    data = small_dataset()
    lots = np.random.default_rng(2).permutation(data.train.y)
    data = dataclasses.replace(data, train=dataclasses.replace(data.train, y=lots))
    (one,) = run_course(Lab(Budget("lots", seeds=(42,)), tmp_path, at_hand={"fashion_mnist": data}), [9])
    claim = one.outcome.checks[0]
    stopped, kept = map(int, re.findall(r"epoch (\d+)", claim.found))
    assert claim.holds
    assert kept == stopped - 2


def test_activations_are_compared_in_one_table_and_one_picture(done):
    table, picture = done[13].outcome.blocks
    assert [row[0] for row in table.rows] == ["sigmoid", "ReLU", "leaky ReLU"]
    assert all(re.fullmatch(r"\d\.\d{4}", cell) for row in table.rows for cell in row[1:])
    assert picture.name == "activations"


def test_every_network_is_summarised_with_its_parameters(done):
    claim, table = done[14].outcome.checks[0], done[14].outcome.blocks[0]
    assert claim.holds
    assert dict((row[0], row[2]) for row in table.rows)["`cifar-mlp`"] == "646,260"
    assert "│ flatten (Flatten)" in done[14].outcome.blocks[1].text
    assert all(line[-1] == "┃" for line in done[14].outcome.blocks[1].text.splitlines() if line[0] == "┃")


def test_the_page_has_a_line_for_each_and_its_pictures_beside_it(page, done):
    text = page.read_text()
    for number in ASKED:
        assert re.search(rf"^\| {number} \| ", text, re.M)
        assert re.search(rf"^## {number}\. ", text, re.M)
    assert "modiste course 1 3 --budget small" in text
    assert "no measure of anything" in text and "verdict" not in text
    pictures = re.findall(r"!\[.*\]\((pictures/.*\.png)\)", text)
    assert len(pictures) == 3
    for picture in pictures:
        assert 1_000 < (page.parent / picture).stat().st_size < 80_000


def test_the_page_states_versions_and_the_sums_of_the_data(page, lab):
    text = page.read_text()
    assert re.search(r"^\| keras \| 3\.\d+", text, re.M)
    sums = lab.datasets["fashion_mnist"].sha256
    assert len(sums) == 4 and all(found in text for found in sums.values())


def test_the_page_names_no_folder_of_the_machine(page, runs):
    assert str(runs) not in page.read_text() and str(page.parent) not in page.read_text()


def test_a_course_that_is_run_again_trains_nothing_and_finds_the_same(runs, done, capsys):
    stamps = {path: path.stat().st_mtime_ns for path in runs.rglob("result.json")}
    again = run_course(Lab(SMALL, runs, at_hand={"fashion_mnist": small_dataset()}), (3, 9, 13))
    assert capsys.readouterr().out.count("Done before: finished") == 7
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("result.json")} == stamps
    for one in again:
        assert one.outcome.checks == done[one.number].outcome.checks


def test_other_data_are_never_taken_for_trained_ones(runs, done, lab, capsys):
    data = small_dataset()
    less = dataclasses.replace(
        data, train=dataclasses.replace(data.train, x=data.train.x[:700], y=data.train.y[:700])
    )
    run_course(Lab(SMALL, runs, at_hand={"fashion_mnist": less}), [9])
    assert "Done before" not in capsys.readouterr().out


def test_data_that_are_nowhere_are_a_reason_on_the_page_and_end_nothing(lab, tmp_path, offline):
    done = run_course(lab, [11, 14])
    write_page(done, lab, tmp_path / "course.md", "modiste course 11 14")
    text = (tmp_path / "course.md").read_text()
    assert "| 11 | Colour images, functional API | **not run**, see below |" in text
    assert "**Not run.** The data set cifar10 was found nowhere." in text
    assert "10 of 10 as expected" in text


def test_a_training_that_fails_is_a_reason_on_the_page_and_ends_nothing(tmp_path, monkeypatch):
    # No scikit-learn, as with the extra for JAX; and too few images to hold any out.
    monkeypatch.setitem(sys.modules, "sklearn", None)
    data = small_dataset()
    one = dataclasses.replace(data.train, x=data.train.x[:1], y=data.train.y[:1])
    lab = Lab(SMALL, tmp_path, at_hand={"fashion_mnist": dataclasses.replace(data, train=one)})
    done = run_course(lab, [1, 2, 6, 7, 13, 14])
    assert [one.number for one in done if not one.outcome.not_run] == [14]
    write_page(done, lab, tmp_path / "course.md", "modiste course")
    text = (tmp_path / "course.md").read_text()
    assert "**Not run.** A baseline needs scikit-learn" in text
    for number, training in ((2, "fashion-one-layer"), (6, "5 epochs"), (7, "5 epochs"), (13, "sigmoid")):
        section = text[text.index(f"## {number}. ") :]
        assert f"**Not run.** {training}, seed 42: data.validation" in section.partition("\n## ")[0]
    assert "| keras | 3." in text and "sklearn" not in text


def test_a_folder_that_keeps_nothing_ends_the_course_at_once(tmp_path):
    (tmp_path / "runs").write_text("no folder")
    with pytest.raises(RunError, match="cannot be kept"):
        run_course(Lab(SMALL, tmp_path / "runs", at_hand={"fashion_mnist": small_dataset()}), [2, 14])


def test_digits_of_a_file_stand_in_for_mnist_and_the_page_says_so(tmp_path, monkeypatch, offline):
    # Any ten classes of grey images will do: what is asked is whose they are said to be.
    with np.load(IMAGES) as stored:
        x, y = stored["x"], stored["y"]
    digits = tmp_path / "digits.npz"
    np.savez(digits, x_train=x[:700], y_train=y[:700], x_test=x[700:], y_test=y[700:])
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["course", "10", "--budget", "small", "--data", f"mnist={digits}"])
    assert result.exit_code == 0, result.output
    assert "Written: runs/course/course.md" in result.output
    text = (tmp_path / "runs" / "course" / "course.md").read_text()
    assert "modiste course 10 --budget small --data mnist=digits.npz" in text
    assert "the digits of a file, `digits`: 700 images to train on and 200 to test on" in text
    assert str(tmp_path) not in text


def test_experiment_11_learns_from_files_of_the_published_format(tmp_path):
    lab = Lab(
        Budget("colours", seeds=(42,), epochs=10), tmp_path / "runs", at_hand={"cifar10": colours(tmp_path)}
    )
    (one,) = run_course(lab, [11])
    accuracy = one.outcome.checks[0]
    assert accuracy.what.startswith("test accuracy")
    assert accuracy.mean > 0.6
    assert one.outcome.findings == ("The network has 646,260 parameters.",)


def colours(folder) -> Dataset:
    """Noisy images of one colour for each class, written and read as CIFAR-10's binary records."""
    random = np.random.default_rng(5)
    tones = random.integers(0, 256, (10, 3))
    files, names = {}, [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]
    for name in names:
        labels = random.permutation(np.arange(100) % 10)
        planes = tones[labels][:, :, np.newaxis] + random.normal(0, 30, (100, 3, 1024))
        data = records(planes.clip(0, 255).astype(np.uint8).reshape(100, 3072), labels.tolist())
        assert len(data) == 100 * 3073
        (folder / name).write_bytes(data)
        files[name] = PublishedFile(name, f"sha256:{hashlib.sha256(data).hexdigest()}")
    none = PublishedFile("none.tar.gz", "sha256:0")
    form = CifarFiles(decode_records, "none", none, tuple(files[n] for n in names[:5]), (files[names[5]],))
    train, test = find(dataclasses.replace(CIFAR10, formats=(form,)), ("train", "test"), folder)
    return Dataset("cifar10", CIFAR10.class_names, train, test, train.origin)
