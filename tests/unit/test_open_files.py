"""How many files the server asks the system for; in processes of their own, for a limit is of a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import json, logging, resource, sys
from service import open_files
logging.basicConfig(stream=sys.stderr, format="%(message)s")
soft, hard, connections = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
open_files.allow(connections)
print(json.dumps(resource.getrlimit(resource.RLIMIT_NOFILE)))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "after", "says"),
    [
        pytest.param(100, 1024, 500, 756, "", id="fewer than needed, and more may be had"),
        pytest.param(100, 400, 500, 400, "set MODISTE_MAX_CONNECTIONS to 144", id="more than may be had"),
        pytest.param(900, 1024, 500, 900, "", id="enough"),
    ],
)
def test_as_many_as_connections_need_are_asked_for(soft, hard, connections, after, says):
    words = [sys.executable, "-c", CODE, str(soft), str(hard), str(connections)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout) == [after, hard]
    assert says in done.stderr if says else not done.stderr
