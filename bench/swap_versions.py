"""Versions that differ in their answers: the shipped model with other biases, by the number of the version.

Adding a vector to the logits of a softmax multiplies its probabilities, so what each version must answer is
known from what the shipped one answers, without asking it.
"""

import shutil
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bench.workloads import MODEL, images
from modiste.artifact import METADATA, ONNX, SUMMARY, Metadata, Summary, file_sha256, folder_sha256
from modiste.onnx_runtime import ort

_CLASSES = 10


@cache
def expected(version: int) -> NDArray[np.float64]:
    """Return what a version answers to the first test image: its probabilities, float64 [10]."""
    powers = _shipped() * np.exp(_change(version))
    found: NDArray[np.float64] = powers / powers.sum()
    return found


@cache
def _shipped() -> NDArray[np.float64]:
    session = ort.InferenceSession(str(MODEL / ONNX))
    (answer,) = session.run(None, {session.get_inputs()[0].name: images()[0][:1].astype(np.float32)})
    found: NDArray[np.float64] = answer[0].astype(np.float64)
    return found


def _change(version: int) -> NDArray[np.float32]:
    return np.random.default_rng(version).normal(0, 1, _CLASSES).astype(np.float32)


def publish(model: Path, version: int, *, broken: bool = False) -> None:
    """Publish a version as a trainer does: made under a hidden name, then renamed.

    A broken one has another graph than its summary states.
    """
    making = model / f".{version}"
    making.mkdir(parents=True)
    graph = onnx.load(str(MODEL / ONNX))
    (bias,) = [one for one in graph.graph.initializer if list(one.dims) == [_CLASSES]]
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + _change(version), bias.name))
    onnx.save(graph, str(making / ONNX))
    summary = Summary.read(MODEL / SUMMARY)
    summary.model_copy(update={"onnx_sha256": file_sha256(making / ONNX)}).write(making / SUMMARY)
    if broken:
        (making / ONNX).write_bytes(b"no graph")
    metadata = Metadata.read(MODEL / METADATA)
    sums = folder_sha256(making)
    metadata.model_copy(update={"version": version, "sha256": sums}).write(making / METADATA)
    making.rename(model / str(version))


def withdraw(model: Path, version: int) -> None:
    """Take a version away as a whole, by a rename first: nobody sees half of it."""
    going = model / f".gone-{version}"
    (model / str(version)).rename(going)
    shutil.rmtree(going)
