"""Every hostile file is refused for its own reason, by a process without Keras, and nothing of it runs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from modiste.prepare import PrepareLimits, examine
from modiste.reading import Reason, Refused
from modiste.reading.model_file import read
from tests.hostile_files import HOSTILE, Hostile, lambda_layer, pickled_npz
from tests.unit import model_files as files

LIMITS = PrepareLimits(memory_bytes=1536 * 1024**2)
"""A reader that believes one of these files takes gigabytes, and fails here for want of memory."""


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_file_is_refused_and_nothing_of_it_runs(hostile: Hostile, tmp_path: Path) -> None:
    """The heavy ones in a child, where this is decided for a server; the others here, which is quicker."""
    marker = tmp_path / "marker"
    path = hostile.written(tmp_path, marker)
    reason, detail = (_examined if hostile.heavy else _read)(path)
    expected = hostile.reasons if hostile.found_by == "inspect" else (Reason.OK,)
    assert reason in expected, detail
    assert str(tmp_path) not in detail and len(detail) < 400
    assert not marker.exists()


def _read(path: Path) -> tuple[Reason, str]:
    try:
        read(path)
    except Refused as refusal:
        return refusal.reason, refusal.detail
    return Reason.OK, ""


def _examined(path: Path) -> tuple[Reason, str]:
    verdict = examine(path, limits=LIMITS)
    assert verdict.ok == (verdict.reason is Reason.OK)
    return verdict.reason, verdict.detail


@pytest.mark.parametrize("name", ["Lambda with bytecode", "10^9 floats declared, h5", "a FIFO"])
def test_what_the_child_left_is_removed(name: str, tmp_path: Path, monkeypatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (hostile,) = [one for one in HOSTILE if one.name == name]
    assert not examine(hostile.written(tmp_path, tmp_path / "marker")).ok
    assert list(temporary.iterdir()) == []


def test_the_payloads_would_work_on_a_reader_that_trusts_them(tmp_path: Path) -> None:
    """Else the tests above would say nothing."""
    path = tmp_path / "weights.npz"
    path.write_bytes(pickled_npz(tmp_path / "unpickled"))
    with np.load(path, allow_pickle=True) as found, pytest.warns(ResourceWarning):
        found["weights"]
    assert (tmp_path / "unpickled").exists()
    code = (
        "import sys, base64, marshal, types; "
        "types.FunctionType(marshal.loads(base64.b64decode(sys.argv[1])), globals())(1)"
    )
    bytecode = lambda_layer(tmp_path / "called")["config"]["function"]["config"]["code"]
    subprocess.run([sys.executable, "-c", code, bytecode], check=True)
    assert (tmp_path / "called").exists()


def test_an_honest_file_made_by_the_same_hands_is_good(tmp_path: Path) -> None:
    assert examine(files.written(tmp_path, files.keras_bytes())).ok
    assert examine(files.written(tmp_path, files.h5_bytes(), "model.h5")).ok


def test_the_list_covers_every_reason_that_needs_no_keras() -> None:
    needs_keras = {
        Reason(word)
        for word in Reason
        if list(Reason).index(word) >= list(Reason).index(Reason.TOO_MANY_PARAMETERS)
    }
    covered = {reason for hostile in HOSTILE for reason in hostile.reasons}
    elsewhere = {
        Reason.NOT_FOUND, Reason.UNREADABLE, Reason.JSON_INVALID, Reason.DTYPE, Reason.WEIGHTS_FILTER,
    }  # fmt: skip
    assert set(Reason) - needs_keras - elsewhere <= covered
