"""Ways to read the pixels of a JSON body: ``python -m bench.parse`` times them, for one image and for 64.

The parse is the largest part of a JSON prediction that is ours, so it is worth knowing what else there is.
Each way gives the values of all rows; those that are sound are candidates for the limit (`bench.limit`).
"""

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import orjson
import simdjson
import typer
from numpy.typing import NDArray
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from bench import machine
from bench.workloads import MODEL, workloads
from modiste.artifact import METADATA, SUMMARY, Metadata, Summary
from service.codecs import json_rows
from service.signature import Signature

Ways = dict[str, Callable[[], Any]]

_REPEATS = 15
_REPEAT_S = 0.01


def sound_ways(body: bytes, rows: int) -> Ways:
    """Ways that refuse what is no JSON; but for the codec, they forget or do not check the nesting."""
    parser = simdjson.Parser()

    def with_simdjson(of_type: str, dtype: type[Any]) -> NDArray[Any]:
        document: Any = parser.parse(body)
        return np.frombuffer(document["instances"].as_buffer(of_type=of_type), dtype)

    def with_bytes() -> NDArray[np.uint8]:
        instances = orjson.loads(body)["instances"]
        # One image is nested by one level less than several.
        lines = itertools.chain.from_iterable(instances) if rows > 1 else instances
        return np.frombuffer(b"".join(map(bytes, lines)), np.uint8)

    pixels = Signature.of(Summary.read(MODEL / SUMMARY), Metadata.read(MODEL / METADATA)).input
    return {
        "simdjson as_buffer, whole numbers": lambda: with_simdjson("u", np.uint64),
        "simdjson as_buffer, floats": lambda: with_simdjson("d", np.float64),
        "orjson.loads, bytes of each line": with_bytes,
        "orjson.loads, numpy.array": lambda: np.array(orjson.loads(body)["instances"], np.uint8),
        "the server's codec (whole numbers, nesting proved)": lambda: json_rows.decode(body, pixels),
    }


def other_ways(body: bytes, rows: int) -> Ways:
    """What people write, and what was hoped to be faster."""
    nested = list[list[list[int]]] if rows > 1 else list[list[int]]
    adapter = TypeAdapter(dict[str, nested])  # type: ignore[valid-type]
    flat = body.replace(b"[", b"").replace(b"]", b"").removeprefix(b'{"instances":').removesuffix(b"}")
    return {
        "numpy arithmetic over all bytes, nothing proved": lambda: _by_arithmetic(body),
        "numpy.fromstring, of a body without brackets": lambda: np.fromstring(flat, np.uint8, sep=","),
        "pydantic, numpy.array": lambda: np.array(adapter.validate_json(body)["instances"], np.uint8),
        "json.loads, numpy.array": lambda: np.array(json.loads(body)["instances"], np.uint8),
    }


def _by_arithmetic(body: bytes) -> NDArray[np.uint16]:
    """Read numbers of up to three digits, each step one operation over all bytes at once."""
    digits = np.frombuffer(body, np.uint8) - np.uint8(ord("0"))
    is_digit = digits < 10
    digits *= is_digit
    values = (digits[:-2] * is_digit[1:-1]) * np.uint16(100)
    values += digits[1:-1] * np.uint8(10)
    values += digits[2:]
    return values.take(np.flatnonzero(is_digit[:-1] > is_digit[1:]) - 2)


def best_s(call: Callable[[], Any]) -> float:
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


def measure() -> dict[str, Any]:
    """Return microseconds an image by way, for one image and for 64 in a body."""
    found: dict[str, dict[str, float]] = {}
    pixels = np.frombuffer(workloads()["D"].request.body, np.uint8)
    for letter in ("A", "B"):
        rows, body = workloads()[letter].rows, workloads()[letter].request.body
        for name, way in (sound_ways(body, rows) | other_ways(body, rows)).items():
            if not np.array_equal(np.ravel(way()), pixels[: rows * 784]):
                raise AssertionError(f"{name} gives other values")
            found.setdefault(name, {})[f"{rows} in a body"] = best_s(way) / rows * 1e6
    where = {
        "at": machine.now(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "versions": machine.versions(),
    }
    return {"kind": "parse", "microseconds_an_image": found, **where}


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Time the ways to read the pixels of a JSON body."""
    found = measure()
    table = Table("way", "µs an image, 1 in a body", "µs an image, 64 in a body")
    for name, times in found["microseconds_an_image"].items():
        table.add_row(name, *(f"{value:.1f}" for value in times.values()))
    Console().print(table)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
