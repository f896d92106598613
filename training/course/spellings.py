"""Experiment 3: one network in three of Keras's spellings."""

from typing import Any

from training.course.figures import compared, number, value
from training.course.lab import Lab
from training.course.outcome import Claim, Outcome, Table
from training.model.network import build

_SPELLINGS = {
    "fashion-hidden-list": "a list of layers",
    "fashion-hidden-named": "named layers in a named model",
    "fashion-hidden-add": "`add` one by one",
}
_PARAMETERS = 79_510


def three_spellings(lab: Lab) -> Outcome:
    """Compare parameter counts, architectures, and what the same seed makes of them."""
    rows = {name: lab.train(name) for name in _SPELLINGS}
    models = {name: _built(lab, name) for name in _SPELLINGS}
    counts = [model.count_params() for model in models.values()]
    architectures = [_architecture(model) for model in models.values()]
    same = all(architecture == architectures[0] for architecture in architectures)
    shown = ", ".join(f"{count:,}" for count in counts)
    claim = Claim(
        "one parameter count (79,510) and one architecture",
        f"{shown}; architectures {'equal' if same else 'differ'}",
        counts == [_PARAMETERS] * len(counts) and same,
    )
    table = Table(
        [
            "spelling",
            "model",
            "layers with weights",
            "training accuracy",
            "validation loss",
            "validation accuracy",
        ],
        [
            [
                _SPELLINGS[name],
                f"`{model.name}`",
                ", ".join(f"`{layer.name}`" for layer in model.layers if layer.weights),
                *(number(value(rows[name], figure)) for figure in ("accuracy", "val_loss", "val_accuracy")),
            ]
            for name, model in models.items()
        ],
        numbers=False,
    )
    losses = {row.history["val_loss"] for row in rows.values()}
    findings = (
        "With the same seed they learn the same: all figures of all epochs are equal."
        if len(losses) == 1
        else "With the same seed their validation losses differ by up to "
        f"{max(x[-1] for x in losses) - min(x[-1] for x in losses):.1e} after the last epoch.",
        f"The model that the recipe calls `{lab.recipe('fashion-hidden-named').model}` is called "
        f"`{models['fashion-hidden-named'].name}` where compilers and URLs must read its name; "
        "the version keeps the name for showing.",
    )
    checks = (
        claim,
        compared("validation accuracy of the first", [rows["fashion-hidden-list"]], "val_accuracy"),
    )
    return Outcome(checks, findings, (table,))


def _built(lab: Lab, name: str) -> Any:
    recipe = lab.recipe(name)
    return build(recipe, lab.find(recipe).train.x.shape[1:], recipe.network.output.units)


def _architecture(model: Any) -> list[tuple[Any, ...]]:
    """Return what each layer is, apart from its name."""
    return [
        (type(layer).__name__, {key: x for key, x in layer.get_config().items() if key != "name"})
        for layer in model.layers
    ]
