"""The part of a model card that states the figures, and how far they can be trusted."""

from modiste.report import VersionReport
from training.report.curves import finding
from training.report.intervals import wilson
from training.report.markdown import picture, table
from training.report.scatter import guess_error
from training.report.seeds import SeedSpread
from training.trained import Trained


def results(trained: Trained, report: VersionReport, seeds: SeedSpread | None) -> str:
    """Return the section on validation and test figures, with the learning curves."""
    return "\n\n".join(
        [
            "## Results",
            table(
                ["figure", "validation", f"test ({report.rows:,} images)"], _figures(trained, report), "lrr"
            ),
            f"{_choices(trained)} {_sureness(trained, report)}",
            *_spread(seeds),
            picture("Learning curves", "learning_curves.png"),
            f"{finding(trained)}. Training figures are means over an epoch, taken while the weights changed "
            "and with dropout and changes to the images, where there are any; validation figures follow each "
            "epoch without.",
        ]
    )


def _choices(trained: Trained) -> str:
    """Say what was decided by which data, so that nobody takes a validation figure for an honest one."""
    chosen = "" if trained.recipe.keeper is None else "The epoch was chosen by the validation data. "
    gate = ", which decided only whether the version was published" if trained.recipe.gate is not None else ""
    return f"{chosen}The model met the test data once, when its training was over{gate}."


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
    return [
        f"The same recipe with other seeds: mean {name} {seeds.mean:.4f}{deviation} ({len(rows)} seeds).",
        table(["seed", name], rows, "rr"),
    ]
