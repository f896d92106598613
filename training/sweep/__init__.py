"""Sweeps: several trainings of one recipe, in one folder, with one table and one picture.

What other programs call:

    sweep = read_sweep("fashion-epochs")        a sweep's file, or a recipe's for a sweep over seeds
    result = run_sweep(sweep, folder, finder(None))
    write_table(result, folder)                 table.md and table.csv
    draw(result, folder / PICTURE)
    result.best_row.figures["test_accuracy"]
    run, trained = recover(result.best_row, finder(None))

Everything about the files alone, which needs no Keras, is `training.sweep_files`.
"""

from training.sweep.one import Find, finder, recover, train_one
from training.sweep.pictures import draw
from training.sweep.publishing import publish_best
from training.sweep.result import Group, Spread, SweepResult
from training.sweep.row import Row
from training.sweep.running import run_sweep
from training.sweep.table import PICTURE, again, print_table, verdict, write_table
from training.sweep_files.catalog import Sweep, read_sweep
from training.sweep_files.errors import SweepError

__all__ = [
    "PICTURE",
    "Find",
    "Group",
    "Row",
    "Spread",
    "Sweep",
    "SweepError",
    "SweepResult",
    "again",
    "draw",
    "finder",
    "print_table",
    "publish_best",
    "read_sweep",
    "recover",
    "run_sweep",
    "train_one",
    "verdict",
    "write_table",
]
