"""Experiment 14: what Keras says of each network: layer, type, output shape, parameters, totals."""

from typing import Any

from training.catalog import read_recipe
from training.course.lab import Lab
from training.course.outcome import Claim, Listing, Outcome, Table
from training.train import untrained

# The experiments' networks, each once; heads differ in their last layer.
_RECIPES = {
    "fashion-one-layer": 7_850,
    "fashion-hidden-list": 79_510,
    "fashion-hidden-named": 79_510,
    "fashion-hidden-add": 79_510,
    "fashion-relu": 79_510,
    "fashion-dropout": 79_510,
    "cifar-mlp": 646_260,
    "fashion-head-logits-sparse": 79_510,
    "fashion-head-sigmoid-binary": 78_601,
    "fashion-head-linear-squared": 78_601,
}
_WIDTH = 80  # of a page; Keras cuts off what is wider than the terminal


def summaries(lab: Lab) -> Outcome:
    """Build each network, which needs no data, and print its summary."""
    with lab.timed():
        models = {name: untrained(read_recipe(name)) for name in _RECIPES}
    counts = {name: model.count_params() for name, model in models.items()}
    right = sum(counts[name] == expected for name, expected in _RECIPES.items())
    claim = Claim(
        "the parameter counts of the course", f"{right} of {len(_RECIPES)} as expected", counts == _RECIPES
    )
    rows = [[f"`{name}`", f"{len(model.layers)}", f"{counts[name]:,}"] for name, model in models.items()]
    listings = (
        Listing(f"`modiste train {name} --summary`", _summary(model)) for name, model in models.items()
    )
    return Outcome((claim,), (), (Table(["recipe", "layers", "parameters"], rows), *listings))


def _summary(model: Any) -> str:
    lines: list[str] = []
    model.summary(line_length=_WIDTH, print_fn=lambda text, **_: lines.append(text))
    return "\n".join(line.rstrip() for line in "\n".join(lines).strip().splitlines())
