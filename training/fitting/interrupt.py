"""Ctrl-C while fitting: obeyed between two batches.

A KeyboardInterrupt that is raised while TensorFlow runs a destructor or calls back into Python is
printed and lost, and the training goes on. So the signal only leaves a note, which is read where
Keras expects exceptions.

Python hears no signal before the backend is done with the steps at hand, however many came meanwhile,
and takes those of one kind for one. A second one that it does hear ends what Python itself is doing,
such as waiting for a server of MLflow's.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOnSignal(keras.callbacks.Callback):  # type: ignore[misc]  # keras publishes no types
    """Raises KeyboardInterrupt after the batch during which `note` was called."""

    def __init__(self) -> None:
        super().__init__()
        self._noted = False

    def note(self, number: int, frame: Any) -> None:
        """Take note of a signal; the second one raises KeyboardInterrupt itself."""
        if self._noted:
            raise KeyboardInterrupt
        self._noted = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Obey between two training batches."""
        self.obey()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Obey between two validation batches."""
        self.obey()

    def obey(self) -> None:
        """Raise KeyboardInterrupt where a signal was noted; to be called where nothing is half done."""
        if self._noted:
            raise KeyboardInterrupt


@contextmanager
def stop_on_signal() -> Iterator[StopOnSignal]:
    """Give the callback that obeys signals, and hand them to it within the block.

    Python hands signals to the main thread alone; elsewhere the callback is never told of any.
    """
    callback = StopOnSignal()
    if threading.current_thread() is not threading.main_thread():
        yield callback
        return
    before = {number: signal.signal(number, callback.note) for number in _SIGNALS}
    try:
        yield callback
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
