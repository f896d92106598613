"""The limit: what a request must cost at least, from parts measured bare in this process.

A request takes the ceiling's time (HTTP), and beside it one parse of the body, its share of a forward pass
and one encoding of the answer, each called with nothing around it: no checks, no batching, no event loop.
Where several sound ways are known for a part, the fastest is taken and named, so that the limit does not
depend on what the server happens to use. `python -m bench.limit` prints the parts as JSON.
"""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from bench.parse import best_s, sound_ways
from bench.workloads import MODEL, ROOT, Workload, workloads
from service.codecs import json_rows, npy

MAX_BATCH_ROWS = 256
_BATCHES = (1, 8, 16, 64, 256, 1000)


@dataclass(frozen=True, slots=True)
class Part:
    """The least time of one part, and which way of doing it that was."""

    seconds: float
    by: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The bare parts: by workload, and the forward pass by its rows."""

    parse: dict[str, Part]
    encode: dict[str, Part]
    forward_s: dict[int, float]

    @property
    def images_per_second(self) -> float:
        """What bare ONNX Runtime computes on one thread, at the batch size that suits it best."""
        return max(rows / seconds for rows, seconds in self.forward_s.items())

    def per_second(self, workload: Workload, connections: int, ceiling_per_second: float) -> float:
        """Return the limit in requests a second, where all connections' requests shared each batch."""
        batch = min(workload.rows * connections, MAX_BATCH_ROWS)
        forward_s = self.forward_s[batch] * workload.rows / batch
        own_s = self.parse[workload.letter].seconds + forward_s + self.encode[workload.letter].seconds
        return 1 / (1 / ceiling_per_second + own_s)


def measure_apart() -> Parts:
    """Measure the parts in a process of its own, so that this one shares no memory with a server."""
    command = [sys.executable, "-m", "bench.limit"]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    found: dict[str, Any] = json.loads(said)
    return Parts(
        {letter: Part(**part) for letter, part in found["parse"].items()},
        {letter: Part(**part) for letter, part in found["encode"].items()},
        {int(rows): seconds for rows, seconds in found["forward_s"].items()},
    )


def measure() -> Parts:
    """Measure the parts here."""
    from modiste.onnx_runtime import ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(MODEL / "model.onnx", options, providers=["CPUExecutionProvider"])
    feed, output = session.get_inputs()[0].name, [session.get_outputs()[0].name]
    pixels = np.frombuffer(workloads()["D"].request.body, np.uint8).reshape(-1, 28, 28)
    rows = pixels.astype(np.float32)

    def forward(count: int) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = session.run(output, {feed: rows[:count]})[0]
        return outputs

    def time_of(count: int) -> float:
        return best_s(lambda: forward(count))

    every = workloads().values()
    return Parts(
        parse={w.letter: _fastest(_parsers(w), pixels[: w.rows].ravel()) for w in every},
        encode={w.letter: _fastest(_encoders(w, forward(w.rows))) for w in every},
        forward_s={count: time_of(count) for count in _BATCHES},
    )


def _parsers(workload: Workload) -> dict[str, Callable[[], Any]]:
    """Sound ways from the body to numbers; each gives the values of all rows."""
    body = workload.request.body
    if workload.request.headers["content-type"] != json_rows.CONTENT_TYPE:
        return {"numpy.frombuffer": lambda: np.frombuffer(body, np.uint8).reshape(-1, 28, 28)}
    return sound_ways(body, workload.rows)


def _encoders(workload: Workload, values: NDArray[np.float32]) -> dict[str, Callable[[], bytes]]:
    """Sound ways from probabilities [rows, classes] to the body of an answer."""
    if workload.request.headers.get("accept") == npy.CONTENT_TYPE:

        def with_numpy() -> bytes:
            file = io.BytesIO()
            npy_format.write_array(file, values, allow_pickle=False)
            return file.getvalue()

        return {"numpy's writer": with_numpy, "the server's codec": lambda: npy.encode(values)}
    predictions = [
        {"class": best, "label": "Ankle boot", "probability": row[best], "probabilities": row}
        for row, best in zip(values, values.argmax(axis=1).tolist(), strict=True)
    ]
    document = {"model": "fashion_mnist", "version": 1, "predictions": predictions}
    return {"orjson.dumps": lambda: orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)}


def _fastest(ways: dict[str, Callable[[], Any]], expected: NDArray[np.uint8] | None = None) -> Part:
    for name, way in ways.items():
        if expected is not None and not np.array_equal(np.ravel(way()), expected):
            raise AssertionError(f"{name} gives other values")
    return min((Part(best_s(way), name) for name, way in ways.items()), key=lambda part: part.seconds)


if __name__ == "__main__":
    json.dump(asdict(measure()), sys.stdout, indent=2)
