"""Recipes: a mistake names the field and what is allowed."""

import re

import pytest
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.artifact import Head
from modiste.commands.train import recipe_changes
from training.catalog import parse_change, read_recipe
from training.errors import RecipeError
from training.schema.recipe import Recipe

MINIMAL = """
description = "Small."
model = "small"
data = { dataset = "fashion_mnist" }
network = { layers = [{ type = "flatten" }, { type = "dense", units = 10, activation = "softmax" }] }
optimizer = { name = "adam" }
fit = { epochs = 1 }
"""


@pytest.fixture
def write(tmp_path):
    def write_recipe(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write_recipe


def mistakes(reference: str, changes=None) -> str:
    with pytest.raises(RecipeError) as caught:
        read_recipe(reference, changes)
    return str(caught.value)


def test_what_a_recipe_leaves_out_has_the_defaults_of_keras(write):
    recipe = read_recipe(write(MINIMAL))
    assert recipe.optimizer.learning_rate == 0.001
    assert recipe.fit.batch_size == 32
    assert (recipe.checkpoint, recipe.early_stopping, recipe.gate) == (None, None, None)


def test_a_recipe_reads_back_from_what_a_version_stores():
    recipe = read_recipe("fashion-mlp")
    stored = recipe.model_dump(mode="json", exclude_none=True)
    assert Recipe.model_validate(stored) == recipe


def test_values_can_be_replaced_by_their_dotted_field():
    recipe = read_recipe("fashion-mlp", {"fit.epochs": 3, "optimizer.learning_rate": 0.0005, "gate": None})
    assert (recipe.fit.epochs, recipe.optimizer.learning_rate, recipe.gate) == (3, 0.0005, None)


@pytest.mark.parametrize(
    ("from_logits", "activation", "head"), [(False, "softmax", Head.SOFTMAX), (True, "linear", Head.LOGITS)]
)
def test_the_head_follows_from_the_loss(write, from_logits, activation, head):
    text = (
        MINIMAL.replace('"softmax"', f'"{activation}"')
        + f"loss = {{ name = 'sparse_categorical_crossentropy', from_logits = {str(from_logits).lower()} }}"
    )
    assert read_recipe(write(text)).head is head


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('model = "small"', "", "- model is missing"),
        ('model = "small"', 'model = ""', "- model is ''"),
        (
            "description",
            "describtion",
            "'describtion' is not known (did you mean 'description'?); allowed: description,",
        ),
        (
            "fashion_mnist",
            "fashion_mnits",
            "- data.dataset: 'fashion_mnits' is not known; allowed: fashion_mnist",
        ),
        (
            '"fashion_mnist"',
            '"fashion_mnist", validation = 1.5',
            "- data.validation is 1.5; expected less than 1",
        ),
        (
            '"flatten"',
            '"flaten"',
            "- network.layers.0.type is 'flaten'; allowed: 'flatten', 'reshape', 'dense', 'conv2d',",
        ),
        ('type = "flatten"', "rate = 0.3", "- network.layers.0.type is missing"),
        ("units = 10", 'units = "10"', "- network.layers.1.units is '10'; expected a whole number"),
        ("units = 10", "units = true", "- network.layers.1.units is True; expected a whole number"),
        (
            "units =",
            "unit =",
            "- network.layers.1: the field 'unit' is not known (did you mean 'units'?); allowed: name, type,",
        ),
        ('"softmax"', '"softmx"', "- network.layers.1.activation is 'softmx'; allowed: 'linear', 'relu'"),
        (
            '"softmax"',
            '"relu"',
            "- network.layers: the last layer's activation is 'relu'; with loss.name = 'sparse_categorical_crossentropy' and loss.from_logits = false it must be 'softmax'",
        ),
        (
            '{ type = "flatten" }, ',
            '{ type = "dropout", rate = 1.0 },',
            "- network.layers.0.rate is 1.0; expected less than 1",
        ),
        (
            "units = 10, activation",
            'name = "a", units = 3 }, { type = "dense", name = "a", units = 10, activation',
            "two layers",
        ),
        (
            '"adam"',
            '"adm"',
            "- optimizer.name is 'adm'; allowed: 'sgd', 'adagrad', 'rmsprop', 'adam', 'adamw'",
        ),
        (
            '"adam"',
            '"adam", learning_rate = nan',
            "- optimizer.learning_rate is nan; expected a finite number",
        ),
        (
            '"adam"',
            '"adam", nesterov = true',
            "- optimizer: the field 'nesterov' is not known; allowed: learning_rate, schedule,",
        ),
        ("epochs = 1", "epochs = 0", "- fit.epochs is 0; expected 1 or more"),
        (
            "epochs = 1",
            "epochs = 1, batch_size = 100000000",
            "- fit.batch_size is 100000000; expected 1048576 or less",
        ),
        ("fit =", "seed = 'one'\nfit =", "- seed is 'one'; expected a whole number"),
        (
            "fit =",
            'checkpoint = { monitor = "loss" }\nfit =',
            "- checkpoint.monitor is 'loss'; allowed: 'val_loss', 'val_accuracy' or",
        ),
        ("fit =", "early_stopping = {}\nfit =", "- early_stopping.patience is missing"),
        ("fit =", "gate = {}\nfit =", "- gate: it demands nothing; allowed: min_test_accuracy,"),
        (
            "fit =",
            "gate = { max_test_mean_absolute_error = 0.1 }\nfit =",
            "- gate.max_test_mean_absolute_error has no part in this recipe; allowed here: min_test_accuracy",
        ),
        ("fit = { epochs = 1 }", "fit = 3", "- fit is 3; expected a table"),
        (
            "fit =",
            'checkpoint = { monitor = "val_mean_absolute_error" }\nfit =',
            "- checkpoint.monitor is 'val_mean_absolute_error'; allowed here: val_loss, val_accuracy",
        ),
    ],
)
def test_a_mistake_names_the_field_and_what_is_allowed(write, old, new, expected):
    assert old in MINIMAL
    assert expected in mistakes(write(MINIMAL.replace(old, new)))


def test_all_mistakes_are_told_at_once(write):
    text = mistakes(write(MINIMAL.replace('"adam"', '"adm"').replace("epochs = 1", "epochs = 0")))
    assert "optimizer.name" in text and "fit.epochs" in text


def test_a_network_must_end_in_a_dense_layer(write):
    text = MINIMAL.replace(', { type = "dense", units = 10, activation = "softmax" }', "")
    assert "- network.layers: the last layer gives the answer's numbers" in mistakes(write(text))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            "fashion-mpl",
            "No recipe is called 'fashion-mpl'. Did you mean 'fashion-mlp'? Or give the path",
        ),
        ("nowhere/mine.toml", "nowhere/mine.toml cannot be read: No such file or directory"),
    ],
    ids=["a name", "a path"],
)
def test_a_recipe_that_is_not_there_is_told_so(reference, expected):
    assert expected in mistakes(reference)


def test_what_is_no_toml_is_told_with_its_line(write):
    assert "is not valid TOML" in mistakes(write("model = \n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optimizer.learning_rate=0.0005", ("optimizer.learning_rate", 0.0005)),
        ("fit.epochs = 3", ("fit.epochs", 3)),
        ("optimizer={ name = 'sgd' }", ("optimizer", {"name": "sgd"})),
        ("model=패션 MNIST 모델", ("model", "패션 MNIST 모델")),
        ("checkpoint.monitor=val_accuracy", ("checkpoint.monitor", "val_accuracy")),
        ("description=a=b", ("description", "a=b")),
        ("optimizer.learning_rate=.0005", ("optimizer.learning_rate", 0.0005)),
        ("optimizer.learning_rate=-1.e-3", ("optimizer.learning_rate", -0.001)),
        ("fit.batch_size=1e3", ("fit.batch_size", 1000)),
        ("optimizer.learning_rate=1e-3", ("optimizer.learning_rate", 0.001)),
        ("optimizer.nesterov=True", ("optimizer.nesterov", True)),
        ("early_stopping=none", ("early_stopping", None)),
        ('model="none"', ("model", "none")),
        ("model=Infinity", ("model", "Infinity")),
        ("model=v1.2.3", ("model", "v1.2.3")),
    ],
    ids=[
        "a float", "an integer", "a table", "another script", "a word", "two signs", "no digit before the point",
        "none behind it", "whole with an exponent", "a fraction with one", "Python's truth", "nothing",
        "a quoted word", "a word that Python takes for a number", "a version",
    ],
)  # fmt: skip
def test_a_change_on_the_command_line_is_toml_or_else_a_word(text, expected):
    field, value = parse_change(text)
    assert (field, value, type(value)) == (*expected, type(expected[1]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["early_stopping=none"], {}),
        (["early_stopping.patience=none"], "- early_stopping.patience is missing"),
        (["erly_stopping=none"], "the field 'erly_stopping' is not known"),
        (["optimizer=none"], "- optimizer is missing"),
        (["network.layers.1=none"], "- network.layers.1 is None; expected a table"),
    ],
    ids=["an optional table", "a field that must be", "an unknown one", "a table that must be", "of a list"],
)
def test_what_is_set_to_none_is_taken_out(changes, expected):
    replaced = recipe_changes(changes)
    if isinstance(expected, str):
        assert expected in mistakes("fashion-early-stopping", replaced)
    else:
        assert read_recipe("fashion-early-stopping").early_stopping is not None
        assert read_recipe("fashion-early-stopping", replaced).early_stopping is None
        assert read_recipe("fashion-mlp", recipe_changes(["loss=none"])) == read_recipe("fashion-mlp")


@pytest.mark.parametrize("text", ["fit.epochs", "=3", ""])
def test_a_change_that_is_none_says_how_one_is_written(text):
    with pytest.raises(RecipeError, match=r"written field=value, for example fit\.epochs=3"):
        parse_change(text)


def test_a_change_reaches_into_a_list():
    recipe = read_recipe("fashion-mlp", {"network.layers.2.rate": 0.5})
    assert recipe.network.layers[2].rate == 0.5


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("model.epochs", "model.epochs cannot be set: what stands before 'epochs' is no table and no list"),
        ("network.layers.9.rate", "'9' is no place in a list of 4, counted from 0"),
        ("network.layers.first", "'first' is no place in a list of 4"),
    ],
)
def test_a_change_of_what_is_not_there_is_refused(field, expected):
    assert expected in mistakes("fashion-mlp", {field: 1})


@pytest.mark.parametrize("scale", [[0.3, 0.02], [-0.1, 0.3], [0.2, 1.5]], ids=["order", "below 0", "above 1"])
def test_the_erased_share_is_a_range_of_shares(scale):
    changes = {"network.layers.2": {"type": "random_erasing", "scale": scale}}
    told = mistakes("fashion-mlp", changes)
    assert f"- network.layers.2.scale: it is {scale}; expected two shares of the image from 0 to 1" in told


def test_a_changed_value_that_is_not_allowed_names_the_field():
    assert "- optimizer.learning_rate is -1" in mistakes("fashion-mlp", {"optimizer.learning_rate": -1.0})


def test_the_command_lists_the_shipped_recipes_without_keras():
    result = CliRunner().invoke(app, ["train", "--list"])
    assert result.exit_code == 0
    assert "fashion-mlp " in result.output and "Publishes fashion_mnist." in result.output
    assert "Publishes 패션 MNIST 모델, served as mnist-0242ecbd." in result.output


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [([], 2, "--list"), (["fashion-mpl"], 1, "Did you mean 'fashion-mlp'?")],
    ids=["none", "unknown"],
)
def test_the_command_needs_a_recipe_that_exists(arguments, status, expected):
    result = CliRunner().invoke(app, ["train", *arguments])
    assert (result.exit_code, expected in result.output) == (status, True)


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        (
            ["fit.epochs=3", "fit.epochs=4"],
            {},
            "--set fit.epochs=3 and --set fit.epochs=4 both change fit.epochs; leave one of them out.",
        ),
        (
            ["optimizer.learning_rate=0.1", "optimizer={ name = 'sgd' }"],
            {},
            "--set optimizer={ name = 'sgd' } both change optimizer.learning_rate",
        ),
        (["fit.epochs=3"], {"epochs": 4}, "--set fit.epochs=3 and --epochs 4 both change fit.epochs"),
        (["gate.min_test_accuracy=0.5"], {"no_gate": True}, "=0.5 and --no-gate both change gate.min_test"),
    ],
    ids=["twice", "a part first", "epochs", "no gate"],
)
def test_two_options_that_change_the_same_value_are_refused(changes, options, expected):
    with pytest.raises(RecipeError, match=re.escape(expected)):
        recipe_changes(changes, **options)


def test_options_that_change_neighbours_go_together():
    changes = ["optimizer.learning_rate=0.1", "optimizer.name=sgd", "network.layers.1.units=5"]
    assert len(recipe_changes([*changes, "network.layers.10.units=5"], 3, no_gate=True)) == 6


def test_a_version_remembers_which_options_of_the_command_changed_its_recipe():
    assert recipe_changes([]) == {}
    stored = read_recipe("fashion-mlp", recipe_changes([], 1, no_gate=True)).model_dump(exclude_none=True)
    assert stored["fit"]["epochs"] == 1
    assert "gate" not in stored
