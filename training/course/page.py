"""The course's page: one table of everything, a section for each experiment, and pictures beside it."""

import platform
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import keras

from modiste import __version__
from training.course.budget import Budget
from training.course.experiments import EXPERIMENTS, Experiment
from training.course.lab import Lab
from training.course.outcome import TOLERANCE, Block, Claim, Comparison, Done, Listing, Outcome, Table
from training.course.verdicts import is_failed, verdict
from training.errors import TrainingError
from training.files.replacing import replace_text
from training.report.markdown import block, escaped, picture, table

_PICTURES = "pictures"


def write_page(done: Sequence[Done], lab: Lab, page: Path, command: str) -> None:
    """Write the page, and its pictures into ``pictures/`` beside it.

    Args:
        done: what was run.
        lab: where.
        page: the Markdown file; replaced where it exists.
        command: what makes the page, as it is typed.

    Raises:
        TrainingError: the page cannot be written.
    """
    try:
        (page.parent / _PICTURES).mkdir(parents=True, exist_ok=True)
        sections = [_section(one, page.parent) for one in done]
        parts = [_head(lab.budget, command), _overview(done, lab.budget), _facts(lab), *sections]
        replace_text(page, "\n\n".join(parts) + "\n")
    except OSError as error:
        raise TrainingError(f"The page cannot be written to {page}: {error.strerror}.") from error


def _head(budget: Budget, command: str) -> str:
    lines = ["# The course", f"This page was written by a command; do not edit it:\n\n{block(command, 'sh')}"]
    if budget.epochs is not None:
        lines.append(
            f"**This was the {budget.name} budget**: at most {budget.epochs} epochs on the first "
            f"{budget.train_rows:,} training and {budget.test_rows:,} test images. It shows that everything "
            "works; its figures are no measure of anything."
        )
    else:
        seeds = f"{len(budget.seeds)} seeds ({', '.join(map(str, budget.seeds))})"
        lines.append(
            f"Where the lowest and the highest of several values stand in brackets, a figure is the mean of "
            f"{seeds}; a single run moves by about {TOLERANCE}. A reference is a single run, too, and is "
            f"*reproduced* by each run that is better, or worse by at most {TOLERANCE}; the difference is "
            f"that of the mean. Everything else was run with seed {budget.seeds[0]}."
        )
        lines.append(
            "Validation data are 20% of the training images, the same for all. Seconds are those of the "
            "trainings, on the machine that made the page and on no other; a training that two experiments "
            "share counts in the first."
        )
    return "\n\n".join(lines)


def _overview(done: Sequence[Done], budget: Budget) -> str:
    judged = budget.epochs is None
    heads = [
        "#",
        "experiment",
        "what",
        "reference",
        "this run",
        "difference",
        *(["verdict"] if judged else []),
        "s",
    ]
    rows: list[list[str]] = []
    for one in done:
        seconds = [f"{one.seconds:.0f}"]
        for cells in _lines(one.outcome, judged=judged):
            first = [str(one.number), EXPERIMENTS[one.number].title] if seconds else ["", ""]
            rows.append([*first, *cells, *(seconds or [""])])
            seconds = []
    return "## All at a glance\n\n" + table(heads, rows, "rlllrr" + ("l" if judged else "") + "r")


def _lines(outcome: Outcome, *, judged: bool) -> Iterable[list[str]]:
    """Return the cells from `what` to the verdict, one line a check; one line where there is none."""
    none = [""] if judged else []
    if outcome.not_run:
        yield ["**not run**, see below", "", "", "", *none]
        return
    if not outcome.checks:
        yield ["see its table", "", "", "", *none]
    for check in outcome.checks:
        said = [_verdict(check)] if judged else []
        if isinstance(check, Claim):
            yield [check.reference, "", check.found, "", *said]
        else:
            yield [check.what, _shown(check.reference), _found(check), _difference(check), *said]


def _shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4f}"


def _found(check: Comparison) -> str:
    if len(check.found) == 1:
        return f"{check.mean:.4f}"
    return f"{check.mean:.4f} ({min(check.found):.4f} to {max(check.found):.4f})"


def _difference(check: Comparison) -> str:
    return "" if check.difference is None else f"{check.difference:+.4f}"


def _verdict(check: Comparison | Claim) -> str:
    return f"**{verdict(check)}**" if is_failed(check) else verdict(check)


def _facts(lab: Lab) -> str:
    backend = keras.backend.backend()
    # The baselines alone need scikit-learn, and the extra `jax` does without.
    modules = [name for name in ("keras", backend, "numpy", "sklearn") if find_spec(name)]
    versions = {name: str(import_module(name).__version__) for name in modules}
    known = {"modiste": __version__, "python": platform.python_version()} | versions
    rows = [[name, version] for name, version in known.items()]
    parts = ["## What it was made with", f"Backend: {backend}.", table(["library", "version"], rows, "ll")]
    if lab.datasets:
        parts.append("SHA-256 of the images and labels that were used, each array as a plain IDX file:")
        parts.append(table(["data", "array", "rows", "SHA-256"], _sums(lab), "llrl"))
    return "\n\n".join(parts)


def _sums(lab: Lab) -> list[list[str]]:
    rows = []
    for dataset in lab.datasets.values():
        for split in dataset.splits:
            for array, found in split.sha256.items():
                rows.append([dataset.name, f"{array}_{split.name}", f"{len(split.y):,}", f"`{found}`"])
    return rows


def _section(one: Done, folder: Path) -> str:
    experiment, outcome = EXPERIMENTS[one.number], one.outcome
    parts = [f"## {one.number}. {experiment.title}", experiment.what, _commands(experiment)]
    if outcome.not_run:
        parts.append(f"**Not run.** {escaped(outcome.not_run)}")
    if outcome.findings:
        parts.append("\n".join(f"- {finding}" for finding in outcome.findings))
    parts.extend(_block(part, one.number, folder) for part in outcome.blocks)
    return "\n\n".join(parts)


def _commands(experiment: Experiment) -> str:
    return block("\n".join(experiment.commands), "sh")


def _block(part: Block, number: int, folder: Path) -> str:
    if isinstance(part, Table):
        aligned = "l" + ("r" if part.numbers else "l") * (len(part.heads) - 1)
        return table(part.heads, part.rows, aligned)
    if isinstance(part, Listing):
        return f"{part.title}\n\n{block(part.text)}"
    file = f"{_PICTURES}/course-{number}-{part.name}.png"
    part.draw(folder / file)
    return picture(part.shows, file)
