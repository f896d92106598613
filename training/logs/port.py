"""What the loop over the epochs knows of a log."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from training.errors import TrainingError

# For each figure (loss, accuracy, val_loss, val_accuracy, learning_rate, seconds) one number an epoch.
History = Mapping[str, Sequence[float]]

# finished: to its last epoch or an early stop; stopped: by a signal, to be resumed; failed: by an error.
Outcome = Literal["finished", "stopped", "failed"]


class LogError(TrainingError):
    """A log that was asked for cannot be kept; raised before any training, never after."""


class RunLog(Protocol):
    """A record of one run, right after a kill at any point and a resume.

    `start` may raise LogError. What goes wrong later is one warning: no log is worth a training.
    """

    def start(self, recipe: Mapping[str, Any], history: History) -> None:
        """Begin, or begin again with the epochs that a resumed run has done already.

        Epochs after those of `history` that an earlier process recorded never happened.
        """

    def epoch(self, number: int, history: History) -> None:
        """Record that epoch `number`, counted from 1, ended; `history` holds it and all before it.

        Called once what a resume needs of the epoch is on disk, so that no log is ahead of it.
        """

    def finish(self, figures: Mapping[str, float]) -> None:
        """Record the figures of the kept model on the test data, by name: test_loss, test_accuracy."""

    def close(self, outcome: Outcome) -> None:
        """Let go of files and connections. Always called, even where `start` failed or never came."""


def epochs_in(history: History) -> int:
    """Return how many epochs a history holds.

    Raises:
        ValueError: two figures differ in their number of epochs.
    """
    counts = {name: len(values) for name, values in history.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f"each figure has one number for each epoch; found {counts}")
    return next(iter(counts.values()), 0)
