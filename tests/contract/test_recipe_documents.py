"""docs/recipes.md lists what a recipe may say, all of it."""

import re
from pathlib import Path
from typing import get_args

import pytest

from training.schema import layers, losses, optimizers
from training.schema.data import Data, Target
from training.schema.recipe import Recipe

TEXT = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
ROWS = re.findall(r"^\| (.*) \|$", TEXT, re.M)


def kinds(union):
    return get_args(get_args(union)[0])


def tag(kind, key):
    return get_args(kind.model_fields[key].annotation)[0]


@pytest.mark.parametrize("kind", kinds(layers.Layer), ids=lambda kind: kind.__name__)
def test_every_layer_is_listed_with_its_settings(kind):
    name = f"`{tag(kind, 'type')}`"
    said = " ".join(row for row in ROWS if name in row.split("|")[0])
    assert name in said
    for setting in set(kind.model_fields) - {"type", "name"}:
        assert f"`{setting}`" in said, setting


@pytest.mark.parametrize("kind", kinds(optimizers.Optimizer), ids=lambda kind: kind.__name__)
def test_every_optimizer_is_listed_with_its_settings(kind):
    (said,) = [row for row in ROWS if row.startswith(f"`{tag(kind, 'name')}`")]
    for setting in set(kind.model_fields) - {"name", "learning_rate", "clipnorm", "schedule"}:
        assert f"`{setting}`" in said, setting


@pytest.mark.parametrize("kind", kinds(losses.Loss), ids=lambda kind: kind.__name__)
def test_every_loss_is_listed_with_its_settings(kind):
    (said,) = [row for row in ROWS if f"`{tag(kind, 'name')}`" in row.split("|")[0]]
    for setting in set(kind.model_fields) - {"name"}:
        assert f"`{setting}`" in said, setting


def test_every_table_and_field_is_listed():
    said = {field for row in ROWS for field in re.findall(r"`([a-z_.]+)`", row.split("|")[0])}
    sections = {"data": Data, "fit": Recipe.model_fields["fit"].annotation}
    fields = {f"{table}.{name}" for table, section in sections.items() for name in section.model_fields}
    assert {field for field in fields if field != "data.target"} <= said
    assert {"description", "model", "seed", "network.layers", "network.spelling"} <= said
    assert all(f"`{tag(kind, 'type')}`" in TEXT for kind in kinds(Target))


def test_every_activation_is_listed():
    assert all(f"`{name}`" in TEXT for name in get_args(layers.Activation))
