"""The default engine on CPUs: ONNX Runtime over the converted graph. No TensorFlow in the process."""

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from modiste.onnx_runtime import ort
from service.rows import Rows, pack, unpack

_SEVERITY_ERROR = 3
_DTYPES: dict[str, DTypeLike] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_,
    **{f"tensor({name})": np.dtype(name) for name in ("int8", "int16", "int32", "int64")},
    **{f"tensor({name})": np.dtype(name) for name in ("uint8", "uint16", "uint32", "uint64")},
}
"""What ONNX Runtime calls the dtypes of inputs."""


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
        self._inputs = [(one.name, _DTYPES[one.type]) for one in self._session.get_inputs()]
        self._outputs = [one.name for one in self._session.get_outputs()]

    def infer(self, rows: Rows) -> Rows:
        """Run the graph; see `service.engine.port.Engine`."""
        named = zip(self._inputs, unpack(rows), strict=True)
        feed = {name: array.astype(dtype, copy=False) for (name, dtype), array in named}
        return pack(self._outputs, self._session.run(self._outputs, feed))

    def close(self) -> None:
        """Drop the session; ONNX Runtime returns its memory."""
        del self._session
