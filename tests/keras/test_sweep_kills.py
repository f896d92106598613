"""A search that is killed, again and again, ends as one that was left alone."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sweep_data import write_sweeps

PROGRAM = Path(__file__).parent / "sweep_and_die.py"


@pytest.fixture(scope="module")
def sweep_in_child(tmp_path_factory):
    """Run the search in a folder; return how the process ended."""
    folder = tmp_path_factory.mktemp("files")
    write_sweeps(folder)
    # What it prints, and what TensorFlow says, goes to standard error, which pytest shows where a test fails.
    process = subprocess.Popen(
        [sys.executable, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(into: Path, part: str = "", times: int = 1) -> int:
        asked = {"sweep": str(folder / "search.toml"), "folder": str(into), "part": part, "times": times}
        print(json.dumps(asked), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())["status"]

    with process:
        yield ask
        process.stdin.close()


def found(folder: Path) -> dict:
    """Everything that a search found, times apart."""
    results = {}
    for path in sorted(folder.glob("*/result.json")):
        result = json.loads(path.read_text())
        del result["history"]["seconds"]
        results[path.parent.name] = result
    with (folder / "table.csv").open() as file:
        lines = [{**line, "seconds": ""} for line in csv.DictReader(file)]
    return {"results": results, "record": json.loads((folder / "sweep.json").read_text()), "table": lines}


@pytest.mark.long
def test_a_search_that_is_killed_at_any_moment_ends_as_one_that_was_not(sweep_in_child, tmp_path):
    assert sweep_in_child(tmp_path / "whole") == 0
    for part, times in [
        ("state.npz", 2),  # within the second epoch of the first trial
        ("result.json", 1),  # the trial's epochs are done, which nobody noted
        ("sweep.json", 1),  # the second trial's values are found, and not noted
        ("result.json", 1),  # that trial is over (pruned), which nobody noted
    ]:
        assert sweep_in_child(tmp_path / "killed", part, times) == -signal.SIGKILL
    assert sweep_in_child(tmp_path / "killed") == 0
    whole, killed = found(tmp_path / "whole"), found(tmp_path / "killed")
    assert len(whole["results"]) == 2
    assert killed == whole
