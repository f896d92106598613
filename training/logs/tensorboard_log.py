"""Curves for TensorBoard, training and validation in one chart: ``tensorboard --logdir RUN/tensorboard``.

TensorBoard puts scalars of one name into one chart, with a curve for each folder; so ``val_loss`` is
the scalar ``loss`` of the folder ``validation``, and the test figures are points in the folder ``test``.

Of the package `tensorboard` its records and messages are used, not its writers: those import TensorFlow
wherever it is installed, also where Keras runs on JAX, and write from a thread of their own.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from training.logs.port import History, Outcome, epochs_in

FOLDER = "tensorboard"
TRAIN, VALIDATION, TEST = "train", "validation", "test"
_PREFIXES = {"val_": VALIDATION, "test_": TEST}


class TensorBoardLog:
    """Event files under a run's folder, one for each curve's folder, written anew at every start.

    Between starts they only grow, as a TensorBoard that is watching expects.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._files: dict[str, _EventFile] = {}
        self._epochs = 0
        self._sound = False

    def start(self, recipe: Mapping[str, Any], history: History) -> None:
        """Take away the curves of earlier processes, and draw the epochs done before.

        In this order a kill between the two leaves too little, which the next start puts right.

        Raises:
            OSError: the files cannot be written.
        """
        with suppress(OSError):  # what a full disk kept a file from being told: it goes away all the same
            self._close_files()
        for old in self._folder.glob("*/*.tfevents.*"):
            old.unlink()
        ends = _ends(history)
        for index, end in enumerate(ends):
            self._write_epoch(index, history, end)
        self._flush()

    def epoch(self, number: int, history: History) -> None:
        """Append an epoch; after a write that failed, which may have left half a record, begin anew.

        Raises:
            OSError: the files cannot be written.
        """
        if not self._sound:
            return self.start({}, history)
        self._sound = False
        self._write_epoch(number - 1, history, time.time())
        self._flush()

    def finish(self, figures: Mapping[str, float]) -> None:
        """Write the test figures at the last epoch.

        Raises:
            OSError: the files cannot be written.
        """
        self._sound = False
        self._write(figures.items(), self._epochs, time.time())
        self._flush()

    def close(self, outcome: Outcome) -> None:
        """Close the files."""
        self._close_files()

    def _write_epoch(self, index: int, history: History, when: float) -> None:
        self._epochs = index + 1
        self._write(((name, values[index]) for name, values in history.items()), self._epochs, when)

    def _write(self, figures: Iterable[tuple[str, float]], step: int, when: float) -> None:
        for name, value in figures:
            curve, tag = _place(name)
            if curve not in self._files:
                self._files[curve] = _EventFile(self._folder / curve)
            self._files[curve].write(tag, float(value), step, when)

    def _flush(self) -> None:
        for file in self._files.values():
            file.flush()
        self._sound = True

    def _close_files(self) -> None:
        files, self._files, self._sound = self._files, {}, False
        with ExitStack() as closing:
            for file in files.values():
                closing.callback(file.close)


class _EventFile:
    """One file of TensorBoard's events: framed protobuf messages, the first of which names the format."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._messages = event_pb2
        folder.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads a folder's files in the order of their names.
        self._records = RecordWriter(
            (folder / f"events.out.tfevents.{time.time_ns():019}.modiste").open("wb")
        )
        self._put(file_version="brain.Event:2")
        # A TensorBoard that is watching drops what it has read of the steps from this one on.
        started = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        self._put(session_log=started, step=1)

    def write(self, tag: str, value: float, step: int, when: float) -> None:
        """Append one point of a curve; `when` is in seconds since 1970."""
        self._put(when, step=step, summary={"value": [{"tag": tag, "simple_value": value}]})

    def flush(self) -> None:
        self._records.flush()

    def close(self) -> None:
        self._records.close()

    def _put(self, when: float | None = None, **fields: Any) -> None:
        event = self._messages.Event(wall_time=time.time() if when is None else when, **fields)
        self._records.write(event.SerializeToString())


def _place(name: str) -> tuple[str, str]:
    """Return a figure's folder, and its name there."""
    for prefix, curve in _PREFIXES.items():
        if name.startswith(prefix):
            return curve, name.removeprefix(prefix)
    return TRAIN, name


def _ends(history: History) -> list[float]:
    """When each epoch done before would have ended, had there been no pause until now."""
    seconds = history.get("seconds") or [0.0] * epochs_in(history)
    now = time.time()
    return [now - sum(seconds[index + 1 :]) for index in range(len(seconds))]
