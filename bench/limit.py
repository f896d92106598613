"""The limit: what a request must cost at least, from parts measured bare in this process.

A request takes the ceiling's time (HTTP), and beside it one parse of the body, its share of a forward pass
and one encoding of the answer, each called with nothing around it: no checks, no batching, no event loop.
Where several sound ways are known for a part, the fastest is taken and named, so that the limit does not
depend on what the server happens to use. `python -m bench.limit` prints the parts as JSON.
"""

import io
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson
import simdjson
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from bench.workloads import MODEL, ROOT, Workload, workloads
from modiste.artifact import METADATA, SUMMARY, Metadata, Summary
from service.codecs import json_rows, npy
from service.signature import Signature

MAX_BATCH_ROWS = 256
_BATCHES = (1, 8, 16, 64, 256, 1000)
_REPEATS = 15
_REPEAT_S = 0.01


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
        return _best_s(lambda: forward(count))

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
    signature = Signature.of(Summary.read(MODEL / SUMMARY), Metadata.read(MODEL / METADATA))
    parser = simdjson.Parser()

    # One image is nested by one level less than several.
    def lines(instances: Any) -> Any:
        return itertools.chain.from_iterable(instances) if workload.rows > 1 else instances

    def with_bytes() -> NDArray[np.uint8]:
        instances = orjson.loads(body)["instances"]
        return np.frombuffer(b"".join(map(bytes, lines(instances))), np.uint8)

    def with_simdjson() -> NDArray[np.float64]:
        document: Any = parser.parse(body)
        return np.frombuffer(document["instances"].as_buffer(of_type="d"))

    return {
        "simdjson as_buffer": with_simdjson,
        "orjson.loads, bytes of each line": with_bytes,
        "orjson.loads, numpy.array": lambda: np.array(orjson.loads(body)["instances"], np.uint8),
        "the server's codec": lambda: json_rows.decode(body, signature),
    }


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
    return min((Part(_best_s(way), name) for name, way in ways.items()), key=lambda part: part.seconds)


def _best_s(call: Callable[[], Any]) -> float:
    """Return the seconds of one call: the best of repeats that are long against the clock."""
    began = time.perf_counter()
    call()
    count = max(1, round(_REPEAT_S / (time.perf_counter() - began)))
    best = float("inf")
    for _ in range(_REPEATS):
        began = time.perf_counter()
        for _ in range(count):
            call()
        best = min(best, (time.perf_counter() - began) / count)
    return best


if __name__ == "__main__":
    json.dump(asdict(measure()), sys.stdout, indent=2)
