"""The workloads in the words of the peers: the same images in every dialect.

A: one image, JSON. B: 64 images, JSON. C: one image, raw bytes. D: 1,000 images, raw bytes.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import workloads
from bench.http import Request

ROWS = {"A": 1, "B": 64, "C": 1, "D": 1000}
JSON = {"content-type": "application/json"}
RAW = {"content-type": "application/octet-stream"}


def images(letter: str) -> NDArray[np.uint8]:
    """The images of a workload: uint8 [rows, 28, 28]."""
    return workloads.images()[0][: ROWS[letter]]


def instances(path: str) -> dict[str, Request]:
    """JSON as Modiste takes it, where a peer lets one choose."""
    return {
        letter: Request("POST", path, JSON, _json({"instances": images(letter).tolist()})) for letter in "AB"
    }


def raw(path: str) -> dict[str, Request]:
    """The pixels alone; answered in bytes too."""
    return {letter: Request("POST", path, RAW, images(letter).tobytes()) for letter in "CD"}


def open_inference(path: str) -> dict[str, Request]:
    """The Open Inference Protocol's JSON."""
    bodies = {letter: _tensor(letter, {"data": images(letter).ravel().tolist()}) for letter in "AB"}
    return {letter: Request("POST", path, JSON, body) for letter, body in bodies.items()}


def open_inference_binary(path: str) -> dict[str, Request]:
    """The protocol's binary extension: a head in JSON, then the pixels; the answer likewise."""
    return {letter: _binary(path, letter) for letter in "CD"}


def _binary(path: str, letter: str) -> Request:
    head = _tensor(
        letter,
        {"parameters": {"binary_data_size": images(letter).nbytes}},
        {"parameters": {"binary_data_output": True}},
    )
    headers = {**RAW, "inference-header-content-length": str(len(head))}
    return Request("POST", path, headers, head + images(letter).tobytes())


def _tensor(letter: str, data: dict[str, Any], more: dict[str, Any] | None = None) -> bytes:
    tensor = {"name": "image", "shape": list(images(letter).shape), "datatype": "UINT8"}
    return _json({"inputs": [tensor | data]} | (more or {}))


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
