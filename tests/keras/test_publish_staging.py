"""Folders that appear whole or not at all: real processes that claim one number, die, or stay alive."""

import subprocess
import sys
from pathlib import Path

import pytest

from modiste.artifact import version_folders
from training.publishing.staging import claim_version, remove_stale, staging_folder

CLAIM_TEN = """
import os, sys
from pathlib import Path
from training.publishing.staging import claim_version, staging_folder
for _ in range(10):
    with staging_folder(Path(sys.argv[1])) as folder:
        (folder / "writer").write_text(str(os.getpid()))
        claim_version(folder, lambda version: (folder / "sealed").write_text(f"{version} {os.getpid()}"))
"""

HOLD = """
import sys
from pathlib import Path
from training.publishing.staging import staging_folder
with staging_folder(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def start(program: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_many_publishers_at_once_get_a_number_each_and_every_version_is_one_writers(tmp_path):
    processes = [start(CLAIM_TEN, tmp_path) for _ in range(4)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    versions = version_folders(tmp_path)
    assert list(versions) == list(range(1, 41))
    for version, folder in versions.items():
        assert (folder / "sealed").read_text() == f"{version} {(folder / 'writer').read_text()}"
    assert len(list(tmp_path.iterdir())) == 40


def test_the_folder_of_a_living_publisher_is_kept_and_that_of_a_dead_one_is_removed(tmp_path):
    with start(HOLD, tmp_path) as process:
        held = Path(process.stdout.readline().strip())
        remove_stale(tmp_path)
        assert held.is_dir()
        process.kill()
        process.wait()
        assert held.is_dir()
        remove_stale(tmp_path)
        assert not held.exists()


def test_a_version_is_numbered_after_the_highest_there_is(tmp_path):
    for name in ("2", "7", "03", "latest", ".publishing-x"):
        (tmp_path / name).mkdir()
    (tmp_path / "9").write_text("even a file takes its number")
    with staging_folder(tmp_path) as folder:
        assert claim_version(folder, lambda version: None) == tmp_path / "10"


def test_what_was_not_claimed_is_gone_whatever_ended_the_block(tmp_path):
    with pytest.raises(KeyboardInterrupt), staging_folder(tmp_path / "new" / "model") as folder:
        (folder / "model.keras").write_bytes(b"half")
        raise KeyboardInterrupt
    assert list((tmp_path / "new" / "model").iterdir()) == []


def test_a_version_can_be_read_by_others_as_the_umask_says(tmp_path):
    with staging_folder(tmp_path) as folder:
        version = claim_version(folder, lambda version: None)
    expected = tmp_path / "plain"
    expected.mkdir()
    assert version.stat().st_mode == expected.stat().st_mode
