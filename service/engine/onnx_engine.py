"""The default engine on CPUs: ONNX Runtime over the converted graph. No TensorFlow in the process."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.onnx_runtime import ort

_SEVERITY_ERROR = 3


class OnnxEngine:
    """A session over ``model.onnx``.

    Threads are per session and do not spin: a spinning pool takes the cores that HTTP needs.
    """

    name = "onnx"
    batches_in_flight = 1

    def __init__(self, path: Path, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _SEVERITY_ERROR
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._outputs = [self._session.get_outputs()[0].name]

    def infer(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Run the graph; see `service.engine.port.Engine`."""
        feed = {self._input: rows.astype(np.float32, copy=False)}
        outputs: NDArray[np.float32] = self._session.run(self._outputs, feed)[0]
        return outputs

    def close(self) -> None:
        """Drop the session; ONNX Runtime returns its memory."""
        del self._session
