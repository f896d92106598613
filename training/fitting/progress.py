"""The progress of a fit on a terminal: one bar with the time left, one line for each finished epoch."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

# The time left is told from the steps of this last while. rich's own half minute may hold no two looks at
# a slow network, and so no speed; of a fast one it keeps the last thousand looks, which are seconds.
_SPEED_OF_LAST_S = 3600.0


class ProgressBar(keras.callbacks.Callback):  # type: ignore[misc]  # keras publishes no types
    """A callback and a context; shows the run as a whole, as if no early stop came."""

    def __init__(
        self, epochs: int, console: Console | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._epochs, self._monotonic = epochs, monotonic
        self._console = console or Console(highlight=False)
        self._bar = _bar(self._console, monotonic)
        self._task = self._bar.add_task("", total=None, figures="")
        self._steps, self._epoch, self._started = 0, 0, 0.0

    def __enter__(self) -> Self:
        """Draw the bar; where the output is no terminal only the epochs' lines appear."""
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Take the bar away, however the fit ended."""
        if self._console.is_terminal:
            self._bar.stop()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock of the epoch."""
        self._epoch, self._steps, self._started = epoch, self.params["steps"] or 0, self._monotonic()
        total, name = self._epochs * self._steps, f"epoch {epoch + 1}/{self._epochs}"
        self._bar.update(self._task, description=name, total=total, completed=epoch * self._steps)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Move the bar."""
        done = self._epoch * self._steps + batch + 1
        self._bar.update(self._task, completed=done, figures=_figures(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Print the epoch's figures."""
        seconds = self._monotonic() - self._started
        name = f"epoch {epoch + 1:>2}/{self._epochs}"
        self._console.print(f"{name}  {_figures(logs or {})}  {seconds:.1f} s", soft_wrap=True)


def _bar(console: Console, monotonic: Callable[[], float]) -> Progress:
    name, figures = TextColumn("{task.description}"), TextColumn("{task.fields[figures]}")
    return Progress(
        name,
        BarColumn(),
        TimeRemainingColumn(),
        figures,
        console=console,
        speed_estimate_period=_SPEED_OF_LAST_S,
        transient=True,
        get_time=monotonic,
    )


def _figures(logs: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in logs.items())
