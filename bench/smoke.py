"""The benchmark at its shortest, so that it does not rot: it runs, answers are right, the figures are whole.

A fraction of a second for one row of each workload, this server and the ceiling alone. Nothing here
depends on how fast the machine is.
"""

import json
import math
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench import table, wrk
from bench.measure import Pace, Row
from bench.mixed import Mix
from bench.run import Plan, run
from bench.subjects import ONE

_CONNECTIONS = {"A": (16,), "B": (1,), "C": (16,), "D": (4,), "E": (64,)}
_PACE = Pace(seconds=0.3, repeats=1)


def check(document: dict[str, Any]) -> None:
    """Raise AssertionError where a document of the smoke run is not what it ought to be."""
    rows, mixes = document["rows"], document["mixes"]
    assert [row["workload"] for row in rows] == ["A", "B", "C", "D"] and len(mixes) == 1
    for figures, kind in [*((row, Row) for row in rows), *((mix, Mix) for mix in mixes)]:
        assert set(figures) == {field.name for field in fields(kind)}
        assert figures["errors"] == 0, figures
        for name, value in figures.items():
            assert not isinstance(value, float) or math.isfinite(value), f"{name}: {figures}"
    for row in rows:
        assert row["requests_per_second"] > 0 and row["limit_per_second"] > 0, row
    assert all(mix["bulk_images_per_second"] > 0 for mix in mixes)
    assert len(list(table.cells(document))) == 5
    assert document["goals"] and document["commit"] and document["machine"]["cores"]


def main() -> None:
    wrk.require()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "smoke.json"
        file.write_text(json.dumps(run(Plan("ABCDE", [ONE], _PACE, _CONNECTIONS), print), allow_nan=False))
        check(json.loads(file.read_text()))
    print("The benchmark works; figures of so short a run say nothing.")


if __name__ == "__main__":
    main()
