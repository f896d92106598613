"""What a version must answer: its graph in ONNX Runtime, asked directly, without any server."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.artifact import ONNX
from modiste.onnx_runtime import ort

ATOL = 1e-5


def outputs(version: Path, pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Return the raw outputs float32 [n, units] of a prepared version of one input."""
    session = ort.InferenceSession(version / ONNX, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: pixels.astype(np.float32)})
    answers: NDArray[np.float32] = found
    return answers


def agree(got: object, expected: NDArray[np.float32]) -> bool:
    """Whether numbers are those that were expected, as closely as two forms of a model agree."""
    try:
        numbers = np.asarray(got, np.float64)
    except (TypeError, ValueError):
        return False
    return numbers.shape == expected.shape and bool(np.allclose(numbers, expected, atol=ATOL, rtol=0))
