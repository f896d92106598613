"""Whether a peer answers what the model says: one that answers garbage fast is not worth measuring."""

import json
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench import workloads
from bench.http import Answer
from bench.peers import bodies
from modiste.onnx_runtime import ort

TOLERANCE = 1e-3
_DTYPES = {"INT64": np.int64, "FP32": np.float32}
_ROW = np.dtype([("class", "<i4"), ("probabilities", "<f4", 10)])
"""As `common/classifier.py` writes a row in bytes."""

Rows = tuple[NDArray[np.generic], NDArray[np.generic]]
"""Classes [rows] and probabilities [rows, 10]."""


@cache
def expected(letter: str) -> NDArray[np.float32]:
    """The model's own probabilities for a workload: float32 [rows, 10]."""
    session = ort.InferenceSession(workloads.MODEL / "model.onnx", providers=["CPUExecutionProvider"])
    images = bodies.images(letter).astype(np.float32)
    result: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: images})[0]
    return result


def check(letter: str, answer: Answer) -> None:
    """Compare an answer, row by row.

    Raises:
        ValueError: it is no answer, says something else, or says it in no way that we know.
    """
    if answer.status != 200:
        raise ValueError(f"workload {letter}: status {answer.status}: {answer.body[:300]!r}")
    try:
        classes, probabilities = _read(answer)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"workload {letter}: unreadable ({error!r}): {answer.body[:300]!r}") from error
    wanted = expected(letter)
    if probabilities.shape != wanted.shape or classes.shape != wanted.shape[:1]:
        raise ValueError(f"workload {letter}: {probabilities.shape} came, {wanted.shape} was expected")
    if not np.allclose(probabilities, wanted, rtol=0, atol=TOLERANCE):
        raise ValueError(f"workload {letter}: other probabilities than the model's")
    if (classes != wanted.argmax(axis=1)).any():
        raise ValueError(f"workload {letter}: other classes than the model's")


def _read(answer: Answer) -> Rows:
    if head := answer.headers.get("inference-header-content-length"):
        return _binary_tensors(answer.body, int(head))
    if not answer.body.startswith((b"{", b"[")):
        rows = np.frombuffer(answer.body, _ROW)
        return rows["class"], rows["probabilities"]
    document = json.loads(answer.body)
    if isinstance(document, dict) and "outputs" in document:
        tensors = {one["name"]: np.array(one["data"]).reshape(one["shape"]) for one in document["outputs"]}
        return tensors["class"].reshape(-1), tensors["probabilities"]
    rows = document["predictions"] if isinstance(document, dict) else document
    return np.array([row["class"] for row in rows]), np.array([row["probabilities"] for row in rows])


def _binary_tensors(body: bytes, head: int) -> Rows:
    tensors, at = {}, head
    for one in json.loads(body[:head])["outputs"]:
        end = at + one["parameters"]["binary_data_size"]
        tensors[one["name"]] = np.frombuffer(body[at:end], _DTYPES[one["datatype"]]).reshape(one["shape"])
        at = end
    return tensors["class"].reshape(-1), tensors["probabilities"]
