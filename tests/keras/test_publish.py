"""Publishing: what stands in a version's folder, and what is refused."""

import dataclasses
import json
import resource
from pathlib import Path

import keras
import numpy as np
import pytest
from training_data import IMAGES, layers, small_dataset, small_recipe

from modiste.artifact import METADATA, ONNX, SUMMARY, Head, Metadata, Summary, folder_sha256
from modiste.names import is_safe_name, safe_name
from modiste.onnx_runtime import ort
from training.catalog import read_recipe
from training.errors import PublishError, QualityGateError
from training.publishing.publish import check_writable, publish
from training.schema.recipe import Recipe
from training.train import train_on
from training.trained import Trained

# A compiled fit, a graph converter and a URL refuse such names; nobody who trains should notice.
NAME = "패션 MNIST 모델"


@pytest.fixture(scope="module")
def trained() -> Trained:
    named = layers(activation="linear")
    named[1]["name"] = "숨은 층"
    recipe = small_recipe(
        model=NAME,
        fit={"epochs": 3},
        network={"layers": named},
        loss={"name": "sparse_categorical_crossentropy", "from_logits": True},
        checkpoint={},
        gate={"min_test_accuracy": 0.3},
    )
    return train_on(small_dataset(), recipe)


@pytest.fixture(scope="module")
def version(trained, tmp_path_factory) -> Path:
    """The folder of a version that was published with all that belongs to it."""
    return publish(trained, tmp_path_factory.mktemp("artifacts")).folder


def changed(trained: Trained, **fields) -> Trained:
    """The same result of a recipe in which `fields` differ."""
    recipe = Recipe.model_validate(trained.recipe.model_dump(mode="json") | fields)
    return dataclasses.replace(trained, recipe=recipe)


def test_a_version_holds_all_its_files_and_nothing_else(version):
    found = sorted(path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file())
    assert found == [
        METADATA,
        "model.h5",
        "model.keras",
        ONNX,
        "report/calibration.png",
        "report/confusion_matrix.png",
        "report/evaluation.json",
        "report/images.npz",
        "report/learning_curves.png",
        "report/mistakes.png",
        "report/model-card.md",
        "report/per_class.png",
        "report/samples.png",
        SUMMARY,
    ]
    assert version.name == "1"


def test_the_metadata_say_what_only_the_trainer_knows(version, trained):
    metadata = Metadata.read(version / METADATA)
    assert metadata.version == 1
    assert metadata.created_at is not None
    assert metadata.class_names is not None and metadata.class_names[9] == "Ankle boot"
    assert (metadata.input_range, metadata.head) == ((0, 255), Head.LOGITS)
    assert metadata.metrics["test_accuracy"] == trained.tested.scores.accuracy
    assert metadata.metrics["validation_loss"] == min(metadata.history["val_loss"])
    assert metadata.dataset is not None
    rows = (metadata.dataset.train_rows, metadata.dataset.validation_rows, metadata.dataset.test_rows)
    assert rows == (640, 160, 200)
    assert set(metadata.dataset.sha256) == {"x_train", "y_train", "x_test", "y_test"}
    assert Recipe.model_validate(metadata.recipe) == trained.recipe
    assert metadata.libraries["keras"] == keras.__version__
    assert {"tensorflow", "numpy", "python", "modiste"} <= set(metadata.libraries)
    assert metadata.sha256 == folder_sha256(version)


def test_all_three_forms_of_the_model_answer_alike_on_real_images(version, trained):
    with np.load(IMAGES) as stored:
        images = stored["x"].astype(np.float32)
    expected = trained.model.predict(images, verbose=0)
    for name in ("model.keras", "model.h5"):
        assert np.allclose(
            keras.models.load_model(version / name).predict(images, verbose=0), expected, atol=1e-5
        )
    session = ort.InferenceSession(version / ONNX, providers=["CPUExecutionProvider"])
    answer = session.run(None, {session.get_inputs()[0].name: images})[0]
    assert np.allclose(answer, expected, atol=1e-4)


def test_the_summary_is_of_the_published_model(version):
    summary = Summary.read(version / SUMMARY)
    assert summary.engine == "onnx"
    assert summary.source_sha256 == Metadata.read(version / METADATA).sha256["model.keras"]
    assert summary.totals.parameters == 79_510
    assert summary.parity is not None and summary.parity.agrees


def test_the_next_version_has_the_next_number_and_leaves_the_first_alone(version, trained):
    before = folder_sha256(version)
    second = publish(trained, version.parent.parent, prepared=False)
    assert (second.folder.name, second.metadata.version) == ("2", 2)
    assert not (second.folder / ONNX).exists() and not (second.folder / SUMMARY).exists()
    assert folder_sha256(version) == before


def test_a_korean_name_is_kept_for_showing_and_everything_else_is_ascii(version, trained):
    metadata = Metadata.read(version / METADATA)
    assert metadata.display_name == NAME
    assert metadata.model == version.parent.name == safe_name(NAME)
    assert trained.model.name.isascii() and all(layer.name.isascii() for layer in trained.model.layers)


def test_a_name_cannot_lead_out_of_the_folder(trained, tmp_path):
    published = publish(changed(trained, model="../up and away"), tmp_path / "artifacts", prepared=False)
    assert published.metadata.display_name == "../up and away"
    assert published.folder.parent.parent == tmp_path / "artifacts"
    assert is_safe_name(published.folder.parent.name)


def test_a_model_below_the_gate_is_refused_with_both_numbers_and_nothing_is_written(trained, tmp_path):
    demanding = changed(trained, gate={"min_test_accuracy": 0.99})
    with pytest.raises(
        QualityGateError, match=rf"{trained.tested.scores.accuracy:.4f} is below .* 0\.9900 \(--no-gate"
    ):
        publish(demanding, tmp_path)
    assert list(tmp_path.iterdir()) == []


@keras.saving.register_keras_serializable("tests")
class Forgetful(keras.layers.Layer):
    """Adds a number that it does not save."""

    made = 0

    def __init__(self, **settings):
        super().__init__(**settings)
        Forgetful.made += 1
        self.number = float(Forgetful.made)

    def call(self, inputs):
        return inputs + self.number


def test_a_model_that_reads_back_differently_is_not_published(trained, tmp_path):
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), Forgetful()])
    model.compile(loss="mse")
    with pytest.raises(PublishError, match=r"model\.keras read back answers differently, by up to 1"):
        publish(dataclasses.replace(trained, model=model), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(trained, tmp_path):
    # A limit on the size of files is how a test fills a disk; Python ignores the signal that comes with it.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(PublishError, match="cannot be written into"):
            publish(trained, tmp_path, prepared=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inner", ["file", "file/deeper"])
def test_a_place_that_cannot_be_written_to_is_found_out_before_training(tmp_path, inner):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(PublishError, match=f"{tmp_path / 'file'} cannot be written to"):
        check_writable(tmp_path / inner, "small")


def test_a_folder_that_only_seems_writable_is_tried():
    # Its rights let root write there; the kernel does not.
    with pytest.raises(PublishError, match=r"/proc cannot be written to \("):
        check_writable(Path("/proc/modiste"), "small")


def test_the_folder_of_the_model_must_be_one_too(tmp_path):
    (tmp_path / "small").write_text("no folder")
    with pytest.raises(PublishError, match=f"{tmp_path / 'small'} cannot be written to"):
        check_writable(tmp_path, "small")


def test_a_place_that_does_not_exist_yet_will_do(tmp_path):
    check_writable(tmp_path / "new" / "artifacts", "small")
    assert list(tmp_path.iterdir()) == []


def test_the_metadata_are_json_that_people_can_read(version):
    text = (version / METADATA).read_text(encoding="utf-8")
    assert json.loads(text)["schema_version"] == 2
    assert text.startswith("{\n  ")


@pytest.mark.parametrize("name", ["fashion-mlp", "fashion-wide", "fashion-conv"])
def test_a_shipped_model_is_whole_and_as_good_as_its_recipe_demands(name):
    recipe = read_recipe(name)
    folder = Path(__file__).parents[2] / "artifacts" / recipe.model / "1"
    metadata = Metadata.read(folder / METADATA)
    assert metadata.sha256 == folder_sha256(folder)
    stored = Recipe.model_validate(metadata.recipe)
    assert stored.model_copy(update={"seed": recipe.seed}) == recipe
    assert recipe.gate is not None
    assert metadata.metrics["test_accuracy"] >= recipe.gate.min_test_accuracy
    session = ort.InferenceSession(folder / ONNX, providers=["CPUExecutionProvider"])
    with np.load(IMAGES) as stored:
        answer = session.run(None, {session.get_inputs()[0].name: stored["x"].astype(np.float32)})[0]
        assert (answer.argmax(axis=1) == stored["y"]).mean() > recipe.gate.min_test_accuracy
