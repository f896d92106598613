"""What is asked: five workloads over the first 1,000 test images of Fashion-MNIST, real ones.

JSON is compact, as browsers and httpx write it; the images are nested 28x28 lists of integers. wrk sends
one fixed request, so every request of a workload holds the same images.
"""

import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.http import Answer, Request

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "artifacts" / "fashion_mnist" / "1"
IMAGES = ROOT / "tests" / "data" / "fashion-mnist-test-1000.npz"

_LEAST_RIGHT = 0.8
"""The shipped model is right for nearly nine images in ten; one that is fed nonsense for one in ten."""


@contextmanager
def artifacts() -> Iterator[Path]:
    """Make an artifacts folder of the measured model alone: others would take memory and time."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(MODEL.parent, Path(folder) / MODEL.parent.name)
        yield Path(folder)


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of request: `rows` images in each, asked on so many connections."""

    letter: str
    title: str
    rows: int
    connections: tuple[int, ...]
    request: Request
    classes: Callable[[Answer], list[int]]
    """Reads the predicted classes from this server's answer."""

    def good(self, answer: Answer) -> bool:
        """Whether an answer of this server is one to these very images."""
        if answer.status != 200:
            return False
        classes = self.classes(answer)
        labels = images()[1][: self.rows]
        return len(classes) == self.rows and float((labels == classes).mean()) >= _LEAST_RIGHT


def images() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return images uint8 [1000, 28, 28] and labels uint8 [1000]."""
    with np.load(IMAGES) as data:
        return data["x"], data["y"]


def workloads() -> dict[str, Workload]:
    """Return A to D by letter; E is A and D at once, see `bench.mixed`."""
    pixels = images()[0]
    raw = {"content-type": "application/octet-stream"}
    found = (
        Workload("A", "1 image, JSON", 1, (1, 16, 64, 256), _json(pixels[:1]), _json_classes),
        Workload("B", "64 images, JSON", 64, (1, 8), _json(pixels[:64]), _json_classes),
        Workload("C", "1 image, raw bytes", 1, (16, 64), _predict(raw, pixels[:1]), _json_classes),
        Workload(
            "D",
            "1,000 images, raw bytes, answered as npy",
            1000,
            (4,),
            _predict(raw | {"accept": "application/x-npy"}, pixels),
            _npy_classes,
        ),
    )
    return {workload.letter: workload for workload in found}


def _predict(headers: dict[str, str], pixels: NDArray[np.uint8]) -> Request:
    return Request("POST", "/predict", headers, pixels.tobytes())


def _json(pixels: NDArray[np.uint8]) -> Request:
    instances: Any = pixels[0].tolist() if len(pixels) == 1 else pixels.tolist()
    body = json.dumps({"instances": instances}, separators=(",", ":")).encode()
    return Request("POST", "/predict", {"content-type": "application/json"}, body)


def _json_classes(answer: Answer) -> list[int]:
    return [prediction["class"] for prediction in json.loads(answer.body)["predictions"]]


def _npy_classes(answer: Answer) -> list[int]:
    classes: list[int] = np.load(io.BytesIO(answer.body)).argmax(axis=1).tolist()
    return classes
