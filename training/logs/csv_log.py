"""``log.csv``: one row an epoch, for spreadsheets and for ``tail``.

The file is written anew at each epoch, in one step: it is whole after a kill, and what a resumed run
does again is in it once.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.files.replacing import replace_text
from training.logs.port import History, Outcome, epochs_in

FILE = "log.csv"


class CsvLog:
    """The history of a run as a table."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def start(self, recipe: Mapping[str, Any], history: History) -> None:
        """Write the epochs done before; where there are none, no table is left of an earlier process."""
        if epochs_in(history):
            replace_text(self._path, _table(history))
        else:
            self._path.unlink(missing_ok=True)

    def epoch(self, number: int, history: History) -> None:
        """Write all epochs."""
        replace_text(self._path, _table(history))

    def finish(self, figures: Mapping[str, float]) -> None:
        """Do nothing: the figures of the whole run are no row of an epoch's."""

    def close(self, outcome: Outcome) -> None:
        """Do nothing: no file is open."""


def _table(history: History) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", *history])
    for index in range(epochs_in(history)):
        writer.writerow([index + 1, *(float(values[index]) for values in history.values())])
    return text.getvalue()
