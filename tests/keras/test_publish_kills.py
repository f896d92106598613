"""Publish or nothing: real processes that publish real models, killed at every stage by a real SIGKILL."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modiste.artifact import METADATA, Metadata, folder_sha256, version_folders

PROGRAM = Path(__file__).parent / "publish_and_die.py"
Publish = Callable[..., int]


@pytest.fixture(scope="module")
def publish_in_child() -> Iterator[Publish]:
    """Give a call that publishes into a folder in a new process and returns how the process ended."""
    process = subprocess.Popen(
        [sys.executable, PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def ask(
        artifacts: Path, number: int = 0, event: str = "", part: str = "", after_rename: bool = False
    ) -> int:
        request = {"signal": number, "event": event, "part": part, "after_rename": after_rename}
        print(json.dumps(request | {"artifacts": str(artifacts)}), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())["status"]

    with process:
        yield ask
        process.stdin.close()


def whole_versions(artifacts: Path) -> list[int]:
    """Return the versions that a server would find, each checked to be complete."""
    folders = version_folders(artifacts / "small") if (artifacts / "small").is_dir() else {}
    for version, folder in folders.items():
        metadata = Metadata.read(folder / METADATA)
        assert metadata.version == version
        assert metadata.sha256 == folder_sha256(folder)
        assert {"model.keras", "model.h5", "report/samples.png"} <= set(metadata.sha256)
    return list(folders)


@pytest.mark.parametrize(
    ("event", "part"),
    [
        ("open", "model.keras"),
        ("os.mkdir", "report"),
        ("os.rename", ".publishing-"),
    ],
    ids=["at the first model", "at the report", "at the rename"],
)
def test_a_publisher_killed_before_the_rename_leaves_no_version(publish_in_child, tmp_path, event, part):
    assert publish_in_child(tmp_path, signal.SIGKILL, event, part) == -signal.SIGKILL
    assert whole_versions(tmp_path) == []
    assert len(list((tmp_path / "small").glob(".publishing-*"))) == 1


def test_a_publisher_killed_after_the_rename_leaves_a_whole_version(publish_in_child, tmp_path):
    status = publish_in_child(tmp_path, signal.SIGKILL, "open", str(tmp_path), after_rename=True)
    assert status == -signal.SIGKILL
    assert whole_versions(tmp_path) == [1]


def test_the_next_publisher_clears_away_what_the_dead_one_left(publish_in_child, tmp_path):
    assert publish_in_child(tmp_path, signal.SIGKILL, "open", METADATA) == -signal.SIGKILL
    assert whole_versions(tmp_path) == []
    assert publish_in_child(tmp_path) == 0
    assert whole_versions(tmp_path) == [1]
    assert [path.name for path in (tmp_path / "small").iterdir()] == ["1"]


def test_ctrl_c_while_publishing_leaves_nothing_at_all(publish_in_child, tmp_path):
    assert publish_in_child(tmp_path, signal.SIGINT, "os.mkdir", "report") == 130
    assert list(tmp_path.iterdir()) == []
