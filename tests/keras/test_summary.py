"""``modiste train --summary``: a network as it is before the first step, without the data that it is for."""

import numpy as np
import pytest
from typer.testing import CliRunner

from modiste.__main__ import app
from training.catalog import read_any, read_recipe, shipped_recipes
from training.errors import RecipeError
from training.schema.recipe import Recipe
from training.train import untrained

NETWORKS = [name for name in shipped_recipes() if isinstance(read_any(name), Recipe)]


@pytest.fixture(autouse=True)
def _no_data(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "nothing"))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_shipped_network_is_built_where_no_data_are(name):
    recipe = read_recipe(name)
    model = untrained(recipe)
    assert model.input_shape == (None, *((32, 32, 3) if recipe.data.dataset == "cifar10" else (28, 28)))
    assert model.compiled


def test_the_command_prints_layers_and_parameters():
    result = CliRunner().invoke(app, ["train", "cifar-mlp", "--summary"])
    assert result.exit_code == 0, result.output
    assert "646,260" in result.output


def test_another_size_of_the_images_is_another_input():
    recipe = read_recipe("fashion-mlp", {"data.image_size": [14, 14], "data.channels": 3})
    assert untrained(recipe).input_shape == (None, 14, 14, 3)


def test_what_does_not_fit_the_classes_is_told_without_data():
    with pytest.raises(RecipeError, match="the last layer has 9 units"):
        untrained(read_recipe("cifar-mlp", {"network.layers.3.units": 9}))
    with pytest.raises(RecipeError, match=r"data\.target\.class_name is 'Hat'"):
        untrained(read_recipe("fashion-head-sigmoid-binary", {"data.target.class_name": "Hat"}))


def test_data_of_ones_own_are_read(tmp_path):
    x, y = np.zeros((40, 6, 5, 3), np.uint8), np.arange(40) % 10
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y)
    recipe = read_recipe("fashion-mlp", {"data.dataset": str(tmp_path / "own.npz")})
    assert untrained(recipe).input_shape == (None, 6, 5, 3)
