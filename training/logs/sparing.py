"""A log on disk that cannot be written costs a warning, not the training."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from training.logs.port import History, LogError, Outcome, RunLog


class Sparing:
    """Passes everything on to a log, and what its files refuse after the start to standard error, once."""

    def __init__(self, log: RunLog, what: str) -> None:
        self._log, self._what = log, what
        self._warned = False

    def start(self, recipe: Mapping[str, Any], history: History) -> None:
        """Start the log.

        Raises:
            LogError: its files cannot be written.
        """
        try:
            self._log.start(recipe, history)
        except OSError as error:
            raise LogError(f"{self._what} cannot be written: {error}.") from error

    def epoch(self, number: int, history: History) -> None:
        """Record an epoch."""
        self._spare(lambda: self._log.epoch(number, history))

    def finish(self, figures: Mapping[str, float]) -> None:
        """Record the test figures."""
        self._spare(lambda: self._log.finish(figures))

    def close(self, outcome: Outcome) -> None:
        """Close the log."""
        self._spare(lambda: self._log.close(outcome))

    def _spare(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            if not self._warned:
                print(f"{self._what} cannot be written ({error}); training goes on.", file=sys.stderr)
            self._warned = True
