"""Running a sweep in a folder: what stands there already is not done again."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from training.errors import RecipeError
from training.schema.recipe import Recipe
from training.schema.sweep import Search
from training.sweep.one import Find, train_one
from training.sweep.pruning import PruningLog
from training.sweep.result import Group, SweepResult, value_of
from training.sweep.row import Row
from training.sweep.search import Trial, is_enough, suggest
from training.sweep.table import said
from training.sweep_files.catalog import Sweep
from training.sweep_files.errors import SweepError
from training.sweep_files.folder import opened, read_record, training_folder, write_record

_BASE = "all trials"  # what a search's values are put into


def run_sweep(
    sweep: Sweep, folder: Path, find: Find, begun: Callable[[], None] = lambda: None
) -> SweepResult:
    """Run all trainings of a sweep, one after the other.

    Where `folder` holds a part of the same sweep it is gone on with: finished trainings are remembered,
    the one in the middle goes on after its last whole epoch, and the result is that of a sweep which
    was never interrupted. Seeds, variants and trials may have been added meanwhile.

    Args:
        sweep: what to train.
        folder: made where it is missing; all effects are in it.
        find: gives a recipe's data; `training.sweep.one.finder` looks in the usual places.
        begun: called once there is a sweep to go on with.

    Raises:
        DatasetError: the data are nowhere to be found.
        SweepError, RunError: the sweep cannot be kept there, or another one was.
        KeyboardInterrupt: Ctrl-C, or SIGTERM.
    """
    with opened(folder):
        record = _same_record(sweep, folder)
        begun()
        groups = (
            _compare(sweep, folder, find) if sweep.search is None else _search(sweep, folder, find, record)
        )
        return SweepResult(sweep, tuple(groups))


def _same_record(sweep: Sweep, folder: Path) -> dict[str, Any]:
    """Return the sweep's note about itself; the trials in it belong to this search and no other."""
    search = None if sweep.search is None else sweep.search.model_dump(mode="json", exclude={"trials"})
    wanted = {"sweep": sweep.name, "monitor": sweep.monitor, "search": search}
    record = read_record(folder)
    if record is None:
        record = {**wanted, "trials": []}
        write_record(folder, record)
    for field, value in wanted.items():
        if record.get(field) != value:
            raise SweepError(
                f"The sweep in {folder} was begun with {field} = {record.get(field)!r}, which is now "
                f"{value!r}; leave --resume out to begin another."
            )
    _grow(record, sweep, folder)
    return record


def _grow(record: dict[str, Any], sweep: Sweep, folder: Path) -> None:
    """Note the seeds and recipes of a sweep; since it began some may have been added, and none changed."""
    other = "leave --resume out to begin another sweep."
    left_out = [seed for seed in record.get("seeds", ()) if seed not in sweep.seeds]
    if left_out:
        seeds = ", ".join(map(str, left_out))
        raise SweepError(
            f"The sweep in {folder} was begun with the seeds {seeds}, too: name them, or {other}"
        )
    recipes = {
        name: recipe.model_dump(mode="json", exclude={"seed", "description", "model", "gate"})
        for name, recipe in (sweep.variants or {_BASE: sweep.recipe({})}).items()
    }
    for name, recipe in record.get("recipes", {}).items():
        if name not in recipes:
            raise SweepError(f"The sweep in {folder} was begun with {name}, too: put it back, or {other}")
        if recipes[name] != recipe:
            raise SweepError(f"The sweep in {folder} was begun with another recipe for {name}; {other}")
    grown = record | {"seeds": list(sweep.seeds), "recipes": recipes}
    if grown != record:
        record.update(grown)
        write_record(folder, record)


def _compare(sweep: Sweep, folder: Path, find: Find) -> list[Group]:
    groups, done, total = [], 0, len(sweep.variants) * len(sweep.seeds)
    for name, recipe in sweep.variants.items():
        rows = []
        for seed in sweep.seeds:
            done += 1
            print(f"\n[{done}/{total}] {name}, seed {seed}", flush=True)
            rows.append(train_one(name, _seeded(recipe, seed), training_folder(folder, name, seed), find))
        groups.append(Group(name, {}, tuple(rows)))
    return groups


def _search(sweep: Sweep, folder: Path, find: Find, record: dict[str, Any]) -> list[Group]:
    search, maximize = sweep.search, sweep.monitor == "val_accuracy"
    assert search is not None
    trials: list[dict[str, Any]] = record["trials"]
    groups: list[Group] = []
    past: list[Trial] = []
    for number in range(search.trials):
        if number == len(trials):
            trials.append(suggest(search, maximize, past))
            # Noted before it is tried: another release of Optuna might suggest something else.
            write_record(folder, record)
        values = trials[number]
        print(f"\n[{number + 1}/{search.trials}] trial {number + 1}: {_said(values)}", flush=True)
        group = _trial(sweep, search, f"trial {number + 1}", values, folder, find, past)
        groups.append(group)
        past.append(_told(group, sweep.monitor))
    return groups


def _trial(
    sweep: Sweep,
    search: Search,
    name: str,
    values: dict[str, Any],
    folder: Path,
    find: Find,
    past: Sequence[Trial],
) -> Group:
    """Train a trial with each seed; the first one decides whether it is pruned."""
    try:
        recipe = sweep.recipe(values)
    except RecipeError as error:
        raise SweepError(f"The search's space allows what no recipe may say. {error}") from error
    maximize = sweep.monitor == "val_accuracy"
    pruning = PruningLog(recipe, sweep.monitor, lambda by_epoch: is_enough(search, maximize, past, by_epoch))
    rows: list[Row] = []
    for seed in sweep.seeds:
        where = training_folder(folder, name.replace(" ", "-"), seed)
        row = train_one(name, _seeded(recipe, seed), where, find, () if rows else (pruning,))
        rows.append(row)
        if row.outcome != "finished":
            break
    return Group(name, values, tuple(rows))


def _told(group: Group, monitor: str) -> Trial:
    value = statistics.fmean(value_of(row, monitor) for row in group.rows) if group.whole else None
    by_epoch = group.rows[0].history.get(monitor, ())
    return Trial(group.values, group.rows[-1].outcome, value, by_epoch)


def _seeded(recipe: Recipe, seed: int) -> Recipe:
    return recipe.model_copy(update={"seed": seed})


def _said(values: dict[str, Any]) -> str:
    return ", ".join(f"{field} = {said(value)}" for field, value in values.items())
