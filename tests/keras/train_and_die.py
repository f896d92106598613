"""The command ``modiste train``, killed at a given moment: run by test_resume.py, one fork for each call.

Keras is imported once and forked before its first operation, which is when TensorFlow starts threads.
An audit hook, which Python calls before it opens or renames anything, counts what happens to a file
of the run; at the asked number, after the asked delay, the process kills itself.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable

import keras  # noqa: F401

from modiste.__main__ import app


def strike(event: str, file: str, number: int, delay: float) -> None:
    """Send SIGKILL to this process `delay` seconds after the `number`-th `event` on such a file."""
    seen = 0

    def hook(name: str, arguments: tuple) -> None:
        nonlocal seen
        if name == event and file in str(arguments[0] if arguments else ""):
            seen += 1
            if seen == number:
                kill_in(delay)

    sys.addaudithook(hook)


def kill_in(delay: float) -> None:
    """Die at once, or let the work go on meanwhile."""
    die: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
    if delay:
        threading.Timer(delay, die).start()
    else:
        die()


def in_child(arguments: list[str], event: str, file: str, number: int, delay: float) -> int:
    """Run the command in a forked child and return its wait status."""
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)  # what the command prints is no answer to the test
        if event:
            strike(event, file, number, delay)
        try:
            app(arguments, standalone_mode=False)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        status = in_child(**asked)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)
