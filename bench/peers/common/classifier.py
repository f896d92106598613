"""The one model of all peers: the graph that Modiste serves, with the same settings of ONNX Runtime.

Run by the peers' own interpreters, so that what is compared is the servers and not the forward pass.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Before the library is loaded: its wheels report to their maker from release 1.29 on.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort

ROW = np.dtype([("class", "<i4"), ("probabilities", "<f4", 10)])
MODEL = Path(__file__).parents[3] / "artifacts/fashion_mnist/1/model.onnx"


class Classifier:
    """Images, uint8 [rows, 28, 28], to a class and ten probabilities a row."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """One forward pass: float32 [rows, 10]."""
        result: np.ndarray = self._session.run(None, {self._input: images.astype(np.float32)})[0]
        return result

    def batch(self, requests: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One forward pass for the images of many requests; for each its probabilities."""
        probabilities = self.probabilities(np.concatenate(requests))
        ends = np.cumsum([len(images) for images in requests]).tolist()
        return [probabilities[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def from_json(body: dict[str, Any]) -> np.ndarray:
    """Images from parsed JSON."""
    return np.array(body["instances"], np.uint8)


def to_json(probabilities: np.ndarray) -> dict[str, Any]:
    """An answer, for the peer to encode."""
    rows = zip(probabilities.argmax(axis=1).tolist(), probabilities.tolist(), strict=True)
    return {"predictions": [{"class": number, "probabilities": row} for number, row in rows]}


def from_bytes(body: bytes) -> np.ndarray:
    """Images from a byte for each pixel."""
    return np.frombuffer(body, np.uint8).reshape(-1, 28, 28)


def to_bytes(probabilities: np.ndarray) -> bytes:
    """An answer of 44 bytes a row, since whoever sends thousands of rows as bytes wants no JSON back."""
    rows = np.empty(len(probabilities), ROW)
    rows["class"], rows["probabilities"] = probabilities.argmax(axis=1), probabilities
    return rows.tobytes()
