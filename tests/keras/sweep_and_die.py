"""A sweep that kills itself at a given moment: run by test_sweep_kills.py, one fork a moment.

Keras is imported once and forked before its first operation, which is when TensorFlow starts threads.
Reads one JSON object a line: the sweep's file, its folder, and before which renaming of which file the
signal comes. Answers each with the child's exit status.
"""

import json
import os
import signal
import sys
from pathlib import Path

from training_data import small_dataset

from training.starting import start_keras
from training.sweep import draw, read_sweep, run_sweep, write_table


def strike(part: str, times: int) -> None:
    """Kill this process before it renames a file to a name that ends in `part` for the nth time."""
    seen = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal seen
        if event == "os.rename" and str(arguments[1]).endswith(part):
            seen += 1
            if seen == times:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def in_child(asked: dict) -> int:
    """Run the sweep in a forked child; return its wait status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.dup2(2, 1)
            start_keras()
            dataset, folder = small_dataset(), Path(asked["folder"])
            if asked["part"]:
                strike(asked["part"], asked["times"])
            result = run_sweep(read_sweep(asked["sweep"]), folder, lambda _: dataset)
            write_table(result, folder)
            draw(result, folder / "picture.png")
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    for line in sys.stdin:
        status = os.waitstatus_to_exitcode(in_child(json.loads(line)))
        print(json.dumps({"status": status}), flush=True)
