"""One training of a sweep, and the file in its run's folder that remembers how it ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from training.files.replacing import replace_text
from training.schema.recipe import Recipe
from training.sweep_files.errors import SweepError
from training.trained import History

Outcome = Literal["finished", "failed", "pruned"]

_RESULT = "result.json"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One variant, or trial, with one seed.

    Attributes:
        variant: the variant's name, or ``trial 3``.
        recipe: the whole recipe, with the seed.
        folder: the run's folder.
        outcome: finished; failed, its loss no number, its recipe impossible or its network too large for
            the memory; or pruned by the search.
        reason: why it failed or was pruned; empty where it finished.
        history: figures by epoch, of the epochs that were done.
        kept_epoch: the epoch that is kept, counted from 1; None where none was done.
        figures: those that a published version's metadata would state; empty unless it finished.
        parameters: how many numbers the network learns or keeps; None unless it finished.
    """

    variant: str
    recipe: Recipe
    folder: Path
    outcome: Outcome
    reason: str
    history: History
    kept_epoch: int | None
    figures: Mapping[str, float]
    parameters: int | None

    @property
    def seed(self) -> int:
        """The recipe's seed."""
        return self.recipe.seed

    @property
    def epochs(self) -> int:
        """How many epochs were done."""
        return len(self.history.get("loss", ()))

    @property
    def seconds(self) -> float:
        """How long all epochs took together, whatever came between them."""
        return sum(self.history.get("seconds", ()))

    def kept(self, figure: str) -> float | None:
        """Return a figure of the history at the kept epoch, for example ``val_loss``."""
        if self.kept_epoch is None or figure not in self.history:
            return None
        return self.history[figure][self.kept_epoch - 1]


def write_row(row: Row, identity: Mapping[str, Any]) -> None:
    """Remember how a training ended; `identity` is what decided it.

    Raises:
        SweepError: the folder cannot be written to.
    """
    known = {
        "outcome": row.outcome,
        "reason": row.reason,
        "kept_epoch": row.kept_epoch,
        "figures": dict(row.figures),
        "parameters": row.parameters,
        "history": row.history,
        "identity": identity,
    }
    try:
        replace_text(row.folder / _RESULT, json.dumps(known, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise SweepError(f"{row.folder / _RESULT} cannot be written: {error.strerror}.") from error


def read_row(variant: str, recipe: Recipe, folder: Path, identity: Mapping[str, Any]) -> Row | None:
    """Return how a training ended, or None where it did not yet.

    Raises:
        SweepError: the file is damaged, or another recipe or other data decided that training.
    """
    path = folder / _RESULT
    if not path.exists():
        return None
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        history = {name: tuple(values) for name, values in known["history"].items()}
        row = Row(
            variant,
            recipe,
            folder,
            known["outcome"],
            known["reason"],
            history,
            known["kept_epoch"],
            known["figures"],
            known["parameters"],
        )
        begun = known["identity"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SweepError(f"{path} cannot be read: {error}.") from error
    if begun != json.loads(json.dumps(identity)):
        raise SweepError(
            f"The training in {folder} was made by another recipe, or on other data, than {variant} "
            f"with seed {recipe.seed} is now; leave --resume out to begin another sweep."
        )
    return row
