"""The table of a sweep, as Markdown for people, as CSV for spreadsheets, and on a terminal."""

import csv
import io
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from training.files.replacing import replace_text
from training.report.markdown import block, escaped, picture, table
from training.report.toml import written
from training.sweep.result import Group, Spread, SweepResult
from training.sweep.row import Row
from training.sweep_files.errors import SweepError

MARKDOWN, CSV, PICTURE = "table.md", "table.csv", "picture.png"


def write_table(result: SweepResult, folder: Path) -> None:
    """Write the table in both forms into an existing folder, which `PICTURE` stands in, too, or will.

    Raises:
        SweepError: the folder cannot be written to.
    """
    try:
        replace_text(folder / MARKDOWN, _markdown(result))
        replace_text(folder / CSV, _csv(result))
    except OSError as error:
        raise SweepError(f"The table cannot be written into {folder}: {error.strerror}.") from error


def print_table(result: SweepResult) -> None:
    """Print the table, the best line in bold."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for head, side in _heads(result):
        short = head.replace("validation", "val").replace("mean absolute error", "MAE").rpartition(".")[2]
        shown.add_column(short, justify="right" if side == "r" else "left", overflow="fold")
    for group in result.groups:
        shown.add_row(*_cells(result, group), style="bold" if group is result.best else None)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 10_000  # a file has no edge to fold at
    console.print(shown)


def verdict(result: SweepResult) -> str:
    """Say what is best and how it was chosen."""
    figure, best = _named(result.sweep.monitor), result.best
    if best is None:
        return "No training came to its end"
    spread = best.kept(result.sweep.monitor)
    assert spread is not None
    extreme = "highest" if result.sweep.monitor == "val_accuracy" else "lowest"
    if len(result.groups) == 1:
        return f"{best.name}: {figure} {_spread(spread, result.sweep.monitor)}"
    return f"{best.name} has the {extreme} {figure}: {_spread(spread, result.sweep.monitor)}"


def again(result: SweepResult) -> str | None:
    """Return the command that trains a search's best alone; None where it takes more than plain values."""
    best, row = result.best, result.best_row
    if best is None or row is None or not best.values:
        return None
    changes = {**best.values, **result.sweep.changes, "seed": row.seed}
    if any(isinstance(value, dict | list) for value in changes.values()):
        return None
    words = ["modiste", "train", result.sweep.base]
    for field, value in changes.items():
        change = "none" if value is None else written({field: value}).strip().partition(" = ")[2]
        words += ["--set", f"{field}={change}"]
    return shlex.join(words)


def _markdown(result: SweepResult) -> str:
    sweep, metric = result.sweep, result.metric.replace("_", " ")
    heads = _heads(result)
    rows = []
    for group in result.groups:
        cells = [escaped(cell) for cell in _cells(result, group)]
        rows.append([f"**{cells[0]}**", *cells[1:]] if group is result.best else cells)
    notes = [
        f"Chosen by the {_named(sweep.monitor)} of the kept epoch; the test {metric} played no part in it."
    ]
    if len(sweep.seeds) > 1:
        notes.append(f"Figures are means over {len(sweep.seeds)} seeds ± their sample standard deviation.")
    if sweep.changes:
        changes = (f"{k} = {'none' if v is None else v}" for k, v in sweep.changes.items())
        notes.append(f"In every training: {', '.join(changes)}.")
    parts = [
        f"# {escaped(sweep.name)}",
        escaped(sweep.description),
        f"**{escaped(verdict(result))}.** {' '.join(escaped(note) for note in notes)}",
        picture(verdict(result), PICTURE),
        table([escaped(head) for head, _ in heads], rows, "".join(side for _, side in heads)),
    ]
    command = again(result)
    if command is not None:
        parts.append(f"The best one alone:\n\n{block(command)}")
    return "\n\n".join(parts) + "\n"


def _heads(result: SweepResult) -> list[tuple[str, str]]:
    metric = result.metric.replace("_", " ")
    searched = [(field, "r") for field in (result.sweep.search.space if result.sweep.search else ())]
    return [
        ("trial" if result.sweep.search else "variant", "l"),
        *searched,
        ("seeds" if len(result.sweep.seeds) > 1 else "seed", "r"),
        ("parameters", "r"),
        ("epochs", "r"),
        ("kept epoch", "r"),
        ("validation loss", "r"),
        (f"validation {metric}", "r"),
        (f"test {metric}", "r"),
        ("seconds", "r"),
        *([("remark", "l")] if any(row.reason for row in result.rows) else []),
    ]


def _cells(result: SweepResult, group: Group) -> list[str]:
    metric, rows = result.metric, group.rows
    return [
        group.name.removeprefix("trial ") if group.values else group.name,
        *(said(value) for value in group.values.values()),
        ", ".join(str(row.seed) for row in rows),
        _counts(row.parameters for row in group.finished),
        _counts(row.epochs for row in rows),
        _counts(row.kept_epoch for row in group.finished),
        _spread(group.kept("val_loss"), "val_loss"),
        _spread(group.kept(f"val_{metric}"), metric),
        _spread(group.stated(f"test_{metric}"), metric),
        f"{sum(row.seconds for row in rows) / len(rows):.1f}",
        *(
            ["; ".join(_remark(row, alone=len(rows) == 1) for row in rows if row.reason)]
            if any(row.reason for row in result.rows)
            else []
        ),
    ]


def _csv(result: SweepResult) -> str:
    text = io.StringIO()
    lines = [_fields(result, group) for group in result.groups]
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _fields(result: SweepResult, group: Group) -> dict[str, Any]:
    """Return a line; what is known by seed stands in the seeds' order, with spaces between."""
    fields: dict[str, Any] = {"trial" if group.values else "variant": group.name, **group.values}
    fields["best"] = int(group is result.best)
    fields["seeds"] = _by_seed(row.seed for row in group.rows)
    fields["outcomes"] = _by_seed(row.outcome for row in group.rows)
    fields["parameters"] = group.finished[0].parameters if group.finished else None
    fields["epochs"] = _by_seed(row.epochs for row in group.rows)
    fields["kept_epochs"] = _by_seed(row.kept_epoch for row in group.rows)
    spreads = {
        "validation_loss": group.kept("val_loss"),
        f"validation_{result.metric}": group.kept(f"val_{result.metric}"),
        f"test_{result.metric}": group.stated(f"test_{result.metric}"),
    }
    for name, spread in spreads.items():
        fields[name] = spread.mean if spread else None
        fields[f"{name}_deviation"] = spread.deviation if spread else None
    fields["seconds"] = round(sum(row.seconds for row in group.rows) / len(group.rows), 3)
    return fields


def said(value: Any) -> str:
    """Write a value that a search tried, shortly."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _spread(spread: Spread | None, figure: str) -> str:
    if spread is None:
        return "-"
    percent = figure.endswith("accuracy")
    form = "{:.2%}" if percent else "{:.4f}" if spread.mean >= 0.01 else "{:.3g}"
    mean = form.format(spread.mean)
    return mean if spread.deviation is None else f"{mean} ± {form.format(spread.deviation)}"


def _counts(numbers: Iterable[int | None]) -> str:
    """Write one number, or the lowest and the highest of several."""
    known = sorted({number for number in numbers if number is not None})
    if not known:
        return "-"
    return f"{known[0]:,}" if len(known) == 1 else f"{known[0]:,}-{known[-1]:,}"


def _by_seed(values: Iterable[Any]) -> str:
    return " ".join("-" if value is None else str(value) for value in values)


def _remark(row: Row, *, alone: bool) -> str:
    reason = row.reason.removeprefix("Training stopped: ").split(". ")[0]
    text = f"failed: {reason}" if row.outcome == "failed" else reason
    return text if alone else f"seed {row.seed} {text}"


def _named(monitor: str) -> str:
    return monitor.replace("val_", "validation ").replace("_", " ")
