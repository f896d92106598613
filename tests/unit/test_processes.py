"""What is read of worker processes: of our own and of siblings, never of a stranger with an old number."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.prometheus import processes

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
CODE = "import sys; from service.prometheus import processes; print(processes.read(int(sys.argv[1])) is not None)"
ROOT = Path(__file__).parents[2]


def asked_of(pid: int) -> str:
    """Whether a child of this process sees anything of another process."""
    found = subprocess.run(
        [sys.executable, "-c", CODE, str(pid)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return found.stdout.strip()


def test_a_process_knows_itself():
    own = processes.read(os.getpid())
    assert own is not None and own.cpu_s > 0 and own.resident_bytes > 1_000_000
    assert own.threads >= 1 and own.open_files >= 3 and own.started_s > 1e9


def test_a_sibling_is_seen_and_a_stranger_or_nobody_is_not():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sibling:
        assert asked_of(sibling.pid) == "True"
        sibling.communicate(b"\n")
    assert asked_of(sibling.pid) == "False"
    assert asked_of(os.getpid()) == "False"  # a parent is no sibling
    assert processes.read(2**30) is None


def test_where_the_system_tells_nothing_nothing_is_known(tmp_path):
    assert processes.read(os.getpid(), tmp_path) is None
