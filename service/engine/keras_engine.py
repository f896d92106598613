"""The engine for GPUs and for what ONNX cannot express: the Keras model itself, compiled by XLA.

Every batch size in use is compiled ahead, and rows are padded to the next one: a new size would
otherwise be traced and compiled in front of a waiting caller (tensorflow/tensorflow#34907). Pixels of
0 to 255 go to the device as bytes, a quarter of what they are as float32, and are cast there.
"""

import importlib.util
import logging
import os
import tempfile
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from modiste.artifact import ArtifactError
from modiste.prepare import PrepareLimits, examine
from modiste.quick_keras import import_keras
from modiste.reading.file import copy_file
from service.engine.batch import Batch
from service.engine.forms import Forms
from service.engine.staging import Staging
from service.engine.warm import some_rows
from service.rows import Rows
from service.signature import Signature

Backend = Literal["tensorflow", "jax"]

_ON_ACCELERATOR = 3
"""Batches under way on an accelerator: one is copied in, one computes, one is fetched."""

_MOST_FORMS = 256
"""Compiled forms that are kept. An input with an axis of any length has one for each length that comes."""


class KerasEngine:
    """A Keras model compiled for fixed batch sizes."""

    name = "keras"

    def __init__(
        self,
        path: Path,
        sha256: str,
        sizes: Sequence[int],
        backend: Backend,
        signature: Signature,
        batches_in_flight: int | None = None,
        limits: PrepareLimits | None = None,
    ) -> None:
        """Check a model file once more, in this process that will run it, load it and compile it.

        Args:
            path: the ``.keras`` or ``.h5`` file.
            sha256: of the file that was prepared.
            sizes: the batch sizes, ascending.
            backend: of Keras; read by Keras once in a process, so every version has the same.
            signature: of the version; its shape and range say what is compiled ahead.
            batches_in_flight: None stands for what suits the device: one on the processor, which a second
                batch would only slow down.
            limits: on what the file may hold; the usual ones unless given.
        """
        model = _load(path, sha256, backend, limits or PrepareLimits())
        forms = _forms(model, backend, [output.name for output in signature.outputs])
        self._sizes = sizes
        self._input = signature.input if len(signature.inputs) == 1 else None
        self._form = lru_cache(maxsize=_MOST_FORMS)(forms.compile)
        self.batches_in_flight = batches_in_flight or (_ON_ACCELERATOR if forms.on_accelerator else 1)
        self._staging = Staging(self.batches_in_flight)
        self._compile_ahead(signature)

    def infer(self, rows: Rows) -> Rows:
        """Start a batch and wait for it; see `service.engine.port.Engine`."""
        return self.start(rows).result()

    def start(self, rows: Rows) -> Batch:
        """Pad to the next compiled size and launch; see `service.engine.port.PipelinedEngine`."""
        count = len(rows)
        if not 0 < count <= self._sizes[-1]:
            raise ValueError(f"a batch has 1 to {self._sizes[-1]} rows; got {count}")
        size = self._sizes[bisect_left(self._sizes, count)]
        dtype = self._compiled_dtype(rows.dtype)
        launch = self._form((size, *rows.shape[1:]), dtype)
        if count == size and rows.dtype == dtype and rows.flags.c_contiguous:
            return Batch(launch(rows), count)
        slot = self._staging.take()
        try:
            outputs = launch(slot.padded(rows, size, dtype))
        except BaseException:
            self._staging.replace()
            raise
        return Batch(outputs, count, self._staging, slot)

    def close(self) -> None:
        """Drop the compiled model; TensorFlow keeps most of its memory until the process ends."""
        del self._form

    def _compiled_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the dtype of the form that computes such rows: bytes stay bytes where pixels are taken."""
        if self._input is None or (self._input.takes_bytes and dtype == np.uint8):
            return dtype
        return self._input.dtype

    def _compile_ahead(self, signature: Signature) -> None:
        """Compile every size as bytes, where the model takes them, and as float32, which JSON may bring."""
        if any(None in tensor.shape for tensor in signature.inputs):
            return  # the lengths that will come are not known
        for size in self._sizes:
            # Run once: what a device loads or tunes at the first launch is not for a caller to wait for.
            rows = some_rows(signature, size)
            self.infer(rows)
            if self._input is not None and self._input.takes_bytes:
                self.infer(rows.astype(np.uint8))


def _load(path: Path, sha256: str, backend: Backend, limits: PrepareLimits) -> Any:
    if importlib.util.find_spec(backend) is None:
        other = "jax" if backend == "tensorflow" else "tensorflow"
        raise ArtifactError(
            f"the Keras engine is set to run on {backend}, which is not installed here: install it, or set "
            f"MODISTE_KERAS_BACKEND={other}"
        )
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # JAX would take three quarters of a device's memory at once.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    # It says of every kind of device that it has none of it.
    logging.getLogger("jax").setLevel(logging.WARNING)
    # Imported here: a server of prepared versions must start without TensorFlow.
    import_keras(backend)
    import keras

    from modiste.prepare.loading import load_for_serving

    if keras.backend.backend() != backend:
        raise RuntimeError(f"Keras runs on {keras.backend.backend()} in this process, not on {backend}")
    if backend == "tensorflow":
        from service.engine import tensorflow_forms

        tensorflow_forms.set_up()
    with tempfile.TemporaryDirectory(prefix="modiste-load-") as folder:
        # A private copy: nobody can exchange the file between the check and the loading.
        copy = Path(folder) / f"model{path.suffix}"
        if copy_file(path, copy, limits.reading.file_bytes) != sha256:
            raise ArtifactError(f"{path.name} is not the file that was prepared")
        # A summary can be written by anyone: what it vouches for is examined again, in a child.
        verdict = examine(copy, limits=limits)
        if not verdict.ok:
            raise ArtifactError(f"{verdict.reason}: {verdict.detail}")
        return load_for_serving(copy, limits.reading)


def _forms(model: Any, backend: Backend, outputs: list[str]) -> Forms:
    if backend == "jax":
        from service.engine.jax_forms import JaxForms

        return JaxForms(model, outputs)
    from service.engine.tensorflow_forms import TensorFlowForms

    return TensorFlowForms(model, outputs)
