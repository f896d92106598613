"""The part of a model card that states the figures, and how far they can be trusted."""

import math

from modiste.report import VersionReport
from training.report.curves import finding
from training.report.intervals import wilson
from training.report.markdown import picture, table
from training.report.scatter import guess_error
from training.report.seeds import SeedSpread
from training.schema.losses import CategoricalCrossentropy
from training.trained import Trained


def results(trained: Trained, report: VersionReport, seeds: SeedSpread | None, chosen_among: int) -> str:
    """Return the section on validation and test figures, with the learning curves."""
    return "\n\n".join(
        [
            "## Results",
            table(
                ["figure", "validation", f"test ({report.rows:,} images)"], _figures(trained, report), "lrr"
            ),
            f"{_choices(trained, chosen_among)} {_sureness(trained, report)}",
            *_smoothed(trained),
            *_spread(seeds),
            picture("Learning curves", "learning_curves.png"),
            f"{finding(trained)}. Training figures are means over an epoch, taken while the weights changed "
            "and with dropout and changes to the images, where there are any; validation figures follow each "
            "epoch without.",
        ]
    )


def _smoothed(trained: Trained) -> list[str]:
    """Say what a loss against smoothed labels cannot fall below, lest it be compared with a plain one."""
    loss, classes = trained.recipe.loss, len(trained.class_names or ())
    if not isinstance(loss, CategoricalCrossentropy) or not loss.label_smoothing or not classes:
        return []
    # Keras shares the smoothing among all classes, the true one included.
    other = loss.label_smoothing / classes
    true = 1 - loss.label_smoothing + other
    least = -true * math.log(true) - (classes - 1) * other * math.log(other)
    return [
        f"The loss is against labels smoothed by {loss.label_smoothing:g}: even perfect answers have one of "
        f"{least:.4f}, and losses of models without smoothing are no measure for it. The smoothing makes a "
        "model less sure, too."
    ]


def _choices(trained: Trained, among: int) -> str:
    """Say what was decided by which data, so that nobody takes a validation figure for an honest one."""
    chosen = [] if trained.recipe.keeper is None else ["The epoch"]
    if among > 1:
        chosen.append(f"{'this' if chosen else 'This'} training among {among}")
    by_validation = (
        f"{' and '.join(chosen)} {'were' if len(chosen) > 1 else 'was'} chosen by the validation data. "
        if chosen
        else ""
    )
    but = " but whether the version was published" if trained.recipe.gate is not None else ""
    return f"{by_validation}The test data were met when the training was over, and decided nothing{but}."


def _figures(trained: Trained, report: VersionReport) -> list[list[str]]:
    """Return a row for each figure that is known: its name, of the kept epoch, of the test data."""
    kept, history, metric = trained.kept_epoch - 1, trained.history, trained.recipe.metric
    found = {
        "loss": report.loss,
        metric: report.accuracy if metric == "accuracy" else report.mean_absolute_error,
        "expected_calibration_error": report.expected_calibration_error,
    }
    rows = []
    for name, test in found.items():
        values = history.get(f"val_{name}")
        validation = None if values is None else values[kept]
        if validation is not None or test is not None:
            rows.append([name.replace("_", " "), _figure(name, validation), _figure(name, test)])
    return rows


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2%}" if name == "accuracy" else f"{value:.4g}"


def _sureness(trained: Trained, report: VersionReport) -> str:
    """Say how sure the test figure is, and what an answer without looking would reach."""
    if report.accuracy is None:
        guess = guess_error(trained.tested)
        return f"Always answering the median of the test data gives a mean absolute error of {guess:.4g}."
    low, high = wilson(report.accuracy, report.rows)
    text = (
        f"The test accuracy's 95% interval is {low:.2%} to {high:.2%} (Wilson), for other images of its kind"
    )
    if not report.per_class:
        return f"{text}."
    commonest = max(one.support for one in report.per_class) / report.rows
    return f"{text}; always answering the commonest class gives {commonest:.2%}."


def _spread(seeds: SeedSpread | None) -> list[str]:
    if seeds is None:
        return []
    name = seeds.metric.replace("_", " ")
    deviation = "" if seeds.deviation is None else f", standard deviation {seeds.deviation:.4f}"
    rows = [[str(seed), f"{value:.4f}"] for seed, value in seeds.values.items()]
    among = f"over {len(rows)} seeds, this one among them"
    return [
        f"The same recipe {among}: mean {name} {seeds.mean:.4f}{deviation}.",
        table(["seed", name], rows, "rr"),
    ]
