"""The folder that a server's workers share: its own, gone when the server is, however it ended."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.run_folder import RunFolder

ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, sys
from pathlib import Path
from service.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])) as folder:
    (folder.path / "worker-0.json").write_text("[]")
    print(folder.path, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def folders(state: Path) -> list[Path]:
    return sorted(path for path in (state / "run").iterdir() if path.is_dir())


def test_it_is_removed_with_all_that_is_in_it(tmp_path):
    state = tmp_path / "not" / "there" / "yet"
    with RunFolder(state) as folder:
        (folder.path / "worker-0.json").write_text("[]")
        assert folders(state) == [folder.path]
    assert folders(state) == []


def test_servers_that_live_keep_theirs(tmp_path):
    with RunFolder(tmp_path) as one, RunFolder(tmp_path) as two, RunFolder(tmp_path) as three:
        assert folders(tmp_path) == sorted([one.path, two.path, three.path])


def test_what_a_killed_server_left_is_removed_by_the_next(tmp_path):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert folders(tmp_path) == [Path(killed.stdout.strip())]
    with RunFolder(tmp_path) as folder:
        assert folders(tmp_path) == [folder.path]


def test_a_state_folder_that_refuses_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError), RunFolder(tmp_path / "file"):
        pass
