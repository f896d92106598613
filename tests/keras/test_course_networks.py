"""The networks of the course have the parameters of the course, those beyond it no more than they claim."""

import pytest

from training.catalog import read_recipe
from training.model.network import build

GREY, COLOUR = (28, 28), (32, 32, 3)


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("fashion-one-layer", GREY, 7_850),
        ("mnist-one-layer", GREY, 7_850),
        ("fashion-hidden-list", GREY, 79_510),
        ("fashion-hidden-named", GREY, 79_510),
        ("fashion-hidden-add", GREY, 79_510),
        ("fashion-relu", GREY, 79_510),
        ("mnist-relu", GREY, 79_510),
        ("fashion-dropout", GREY, 79_510),
        ("fashion-early-stopping", GREY, 79_510),
        ("fashion-mlp", GREY, 79_510),
        ("cifar-mlp", COLOUR, 646_260),
        ("fashion-head-logits-sparse", GREY, 79_510),
        ("fashion-head-sigmoid-binary", GREY, 78_601),
        ("fashion-head-linear-squared", GREY, 78_601),
    ],
)
def test_a_network_has_so_many_parameters(name, image, expected):
    recipe = read_recipe(name)
    assert build(recipe, image, recipe.network.output.units).count_params() == expected


@pytest.mark.parametrize(
    ("name", "bound"),
    [("fashion-conv", 500_000), ("fashion-residual", 1_000_000), ("fashion-wide", 1_000_000)],
)
def test_a_network_beyond_the_course_keeps_its_bound(name, bound):
    recipe = read_recipe(name)
    model = build(recipe, GREY, recipe.network.output.units)
    assert bound / 2 < model.count_params() < bound
    assert model.output_shape == (None, 10)
