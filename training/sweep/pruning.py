"""Ending a trial early: a log that is told of each epoch and may say that it was enough."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from training.fitting.choosing import is_over
from training.logs import History, Outcome
from training.schema.recipe import Recipe


class Pruned(Exception):
    """No epoch is to follow, because earlier trials did better; the message says when. No error."""


class PruningLog:
    """Asks after each epoch whether the trial goes on.

    The answer is asked for as a function of the figures so far alone, and is asked for again for the
    epochs that a resumed run has done: a kill between an epoch and its answer changes nothing.
    """

    def __init__(self, recipe: Recipe, monitor: str, enough: Callable[[Sequence[float]], bool]) -> None:
        self._recipe, self._monitor, self._enough = recipe, monitor, enough

    def start(self, recipe: Mapping[str, Any], history: History) -> None:
        """Ask about the epochs that were done before.

        Raises:
            Pruned: one of them was enough.
        """
        for number in range(1, len(history.get("loss", ())) + 1):
            self.epoch(number, {name: values[:number] for name, values in history.items()})

    def epoch(self, number: int, history: History) -> None:
        """Ask about an epoch; the last one is never too many.

        Raises:
            Pruned: it was enough.
        """
        if not is_over(history, self._recipe) and self._enough(history[self._monitor]):
            raise Pruned(f"pruned after epoch {number}")

    def finish(self, figures: Mapping[str, float]) -> None:
        """Do nothing: the trial came to its end."""

    def close(self, outcome: Outcome) -> None:
        """Do nothing: nothing is open."""
