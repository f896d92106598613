"""The shipped recipes say what the experiments of the course ask."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.artifact import Head
from training.baseline import cross_validate
from training.catalog import read_any, read_recipe, shipped_recipes
from training.errors import RecipeError, TrainingError
from training.loading import load_data
from training.schema.baseline import Baseline
from training.schema.layers import Dense

IMAGES = Path(__file__).parents[1] / "data" / "fashion-mnist-test-1000.npz"
COURSE = {
    "cifar-mlp",
    "fashion-baseline",
    "fashion-dropout",
    "fashion-early-stopping",
    "fashion-head-linear-squared",
    "fashion-head-logit-binary",
    "fashion-head-logits-sparse",
    "fashion-head-sigmoid-binary",
    "fashion-head-softmax-categorical",
    "fashion-head-softmax-sparse",
    "fashion-hidden-add",
    "fashion-hidden-list",
    "fashion-hidden-named",
    "fashion-mlp",
    "fashion-one-layer",
    "fashion-relu",
    "mnist-baseline",
    "mnist-one-layer",
    "mnist-relu",
}
NETWORKS = sorted(name for name in COURSE if not name.endswith("baseline"))


@pytest.fixture(scope="module")
def few_images(tmp_path_factory):
    """1,000 images of Fashion-MNIST as somebody's own data."""
    path = tmp_path_factory.mktemp("images") / "few.npz"
    with np.load(IMAGES) as stored:
        x, y = stored["x"], stored["y"]
    np.savez(path, x_train=x[:800], y_train=y[:800], x_test=x[800:], y_test=y[800:])
    return path


def dense(name: str) -> list[tuple[int, str]]:
    return [(x.units, x.activation) for x in read_recipe(name).network.layers if isinstance(x, Dense)]


def test_every_experiment_of_the_course_has_its_recipe():
    assert set(shipped_recipes()) >= COURSE


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_is_valid_and_described(name):
    recipe = read_any(name)
    assert recipe.description.endswith(".")
    assert recipe.seed == 42


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_course_holds_out_the_same_images_and_has_a_gate(name):
    recipe = read_recipe(name)
    assert (recipe.data.validation, recipe.data.split_seed, recipe.fit.batch_size) == (0.2, 42, 32)
    assert recipe.gate is not None


def test_each_recipe_publishes_to_a_model_of_its_own():
    models = [read_any(name).model for name in shipped_recipes() if hasattr(read_any(name), "model")]
    assert len(set(models)) == len(models)


@pytest.mark.parametrize(
    ("name", "dataset"), [("fashion-baseline", "fashion_mnist"), ("mnist-baseline", "mnist")]
)
def test_experiment_1_is_logistic_regression_over_five_folds(name, dataset):
    recipe = read_any(name)
    assert isinstance(recipe, Baseline)
    assert recipe.data.dataset == dataset
    assert recipe.baseline.model_dump() == {
        "name": "sgd_classifier",
        "loss": "log_loss",
        "max_iter": 5,
        "folds": 5,
    }


@pytest.mark.parametrize(
    ("name", "layers", "optimizer", "epochs"),
    [
        ("fashion-one-layer", [(10, "softmax")], ("rmsprop", 0.001), 5),
        ("mnist-one-layer", [(10, "softmax")], ("rmsprop", 0.001), 5),
        ("fashion-hidden-list", [(100, "sigmoid"), (10, "softmax")], ("rmsprop", 0.001), 5),
        ("fashion-relu", [(100, "relu"), (10, "softmax")], ("adam", 0.001), 5),
        ("mnist-relu", [(100, "relu"), (10, "softmax")], ("adam", 0.001), 5),
        ("fashion-dropout", [(100, "relu"), (10, "softmax")], ("adam", 0.001), 20),
        ("cifar-mlp", [(200, "relu"), (150, "relu"), (10, "softmax")], ("adam", 0.0005), 10),
    ],
)
def test_experiments_2_to_11_have_the_networks_and_the_training_of_the_course(
    name, layers, optimizer, epochs
):
    recipe = read_recipe(name)
    assert dense(name) == layers
    assert (recipe.optimizer.name, recipe.optimizer.learning_rate) == optimizer
    assert recipe.fit.epochs == epochs
    assert (recipe.checkpoint, recipe.early_stopping) == (None, None)


def test_experiment_3_spells_one_network_in_three_ways():
    by_list, named, added = (read_recipe(f"fashion-hidden-{x}") for x in ("list", "named", "add"))
    assert [recipe.network.spelling for recipe in (by_list, named, added)] == ["list", "list", "add"]
    assert named.model == "패션 MNIST 모델"
    assert [layer.name for layer in named.network.layers] == [None, "hidden", "output"]
    assert dense("fashion-hidden-list") == dense("fashion-hidden-named") == dense("fashion-hidden-add")
    assert (
        by_list.optimizer == named.optimizer == added.optimizer == read_recipe("fashion-one-layer").optimizer
    )


def test_experiment_9_keeps_the_best_epoch_and_stops_early():
    recipe = read_recipe("fashion-early-stopping")
    dropout = read_recipe("fashion-dropout")
    assert (recipe.network, recipe.optimizer, recipe.fit) == (dropout.network, dropout.optimizer, dropout.fit)
    assert recipe.checkpoint is not None and recipe.checkpoint.monitor == "val_loss"
    assert recipe.early_stopping is not None and recipe.early_stopping.patience == 2


def test_the_shipped_model_is_experiment_9_at_half_the_rate():
    recipe, other = read_recipe("fashion-mlp"), read_recipe("fashion-early-stopping")
    assert recipe.model == "fashion_mnist"
    assert recipe.optimizer.learning_rate == other.optimizer.learning_rate / 2
    for part in ("data", "network", "loss", "fit", "checkpoint", "early_stopping"):
        assert getattr(recipe, part) == getattr(other, part)
    assert recipe.gate is not None and recipe.gate.min_test_accuracy == 0.87


def test_experiment_11_is_written_with_the_functional_api_and_one_hot_labels():
    recipe = read_recipe("cifar-mlp")
    assert (recipe.data.dataset, recipe.network.spelling) == ("cifar10", "functional")
    assert recipe.loss.name == "categorical_crossentropy"


@pytest.mark.parametrize(
    ("name", "last", "loss", "head"),
    [
        ("softmax-sparse", (10, "softmax"), "sparse_categorical_crossentropy", Head.SOFTMAX),
        ("logits-sparse", (10, "linear"), "sparse_categorical_crossentropy", Head.LOGITS),
        ("softmax-categorical", (10, "softmax"), "categorical_crossentropy", Head.SOFTMAX),
        ("sigmoid-binary", (1, "sigmoid"), "binary_crossentropy", Head.SIGMOID),
        ("logit-binary", (1, "linear"), "binary_crossentropy", Head.LOGIT),
        ("linear-squared", (1, "linear"), "mean_squared_error", Head.REGRESSION),
    ],
)
def test_experiment_12_has_six_heads_on_one_network(name, last, loss, head):
    recipe = read_recipe(f"fashion-head-{name}")
    assert dense(f"fashion-head-{name}") == [(100, "relu"), last]
    assert (recipe.loss.name, recipe.head) == (loss, head)


def test_a_baseline_is_no_recipe_of_a_network():
    with pytest.raises(
        RecipeError, match="fashion-baseline is the recipe of a baseline, which has no network"
    ):
        read_recipe("fashion-baseline")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"data.validation": 0.3}, "data.validation has no part in a baseline"),
        ({"data.target": {"type": "mean_ink"}}, "data.target.type is 'mean_ink'; a baseline needs 'class'"),
        ({"baseline.loss": "log"}, "- baseline.loss is 'log'; allowed: 'log_loss'"),
        ({"fit.epochs": 3}, "the field 'fit' is not known; allowed: description, seed, data, baseline"),
    ],
)
def test_a_mistake_in_a_baseline_names_the_field(changes, expected):
    with pytest.raises(RecipeError) as caught:
        read_any("fashion-baseline", changes)
    assert expected in str(caught.value)


def test_a_baseline_prints_its_folds_and_publishes_nothing(few_images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changes = [f"--set=data.dataset={few_images}", "--set=baseline.folds=3"]
    result = CliRunner().invoke(app, ["train", "fashion-baseline", *changes])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split()[1] for line in lines[1:4]] == ["1/3", "2/3", "3/3"]
    mean = float(lines[4].removeprefix("Mean accuracy ").split()[0])
    assert 0.5 < mean < 1
    assert lines[4].split(" on ")[1].startswith("800 images")
    assert lines[5].startswith("Nothing is published")
    assert "Warning" not in result.output
    assert list(tmp_path.glob("artifacts*")) == []


def test_more_folds_than_images_of_a_class_is_a_message(few_images):
    baseline = read_any("fashion-baseline", {"data.dataset": str(few_images), "baseline.folds": 500})
    with pytest.raises(
        TrainingError, match=r"baseline.folds is 500, but a class of .* has \d+ training images"
    ):
        cross_validate(load_data(baseline.data), baseline)
