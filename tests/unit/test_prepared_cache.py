"""The cache of prepared forms: found by content, kept within its size. Preparing itself is tested elsewhere."""

import hashlib
import os
from pathlib import Path

import pytest

from modiste.artifact import SUMMARY
from modiste.prepare import PrepareLimits
from modiste.reading import Refused
from service.repository.prepared_cache import PreparedCache


def source(folder: Path, content: bytes) -> Path:
    path = folder / f"{len(content)}.keras"
    path.write_bytes(content)
    return path


def prepared_form(root: Path, content: bytes, size: int, age: int) -> Path:
    folder = root / hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True)
    (folder / SUMMARY).write_bytes(b"x" * size)
    os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    return folder


def test_a_form_is_found_by_the_content_of_its_source_whatever_its_name(tmp_path):
    folder = prepared_form(tmp_path / "cache", b"model", 10, age=5)
    cache = PreparedCache(tmp_path / "cache", 1000, PrepareLimits())
    assert cache.prepared(source(tmp_path, b"model")) == folder
    assert folder.stat().st_mtime > 2_000_000, "a use makes it young again"


def test_the_least_recently_used_forms_go_first(tmp_path):
    root = tmp_path / "cache"
    old, middle, young = (prepared_form(root, bytes([n]), 100, age) for n, age in enumerate((30, 20, 10)))
    PreparedCache(root, 250, PrepareLimits()).shrink(keep=young)
    assert not old.exists() and middle.exists() and young.exists()
    PreparedCache(root, 50, PrepareLimits()).shrink(keep=young)
    assert not middle.exists() and young.exists(), "the one just made stays, however large"


def test_a_source_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(Refused, match="not_found"):
        PreparedCache(tmp_path / "cache", 1000, PrepareLimits()).prepared(tmp_path / "absent.keras")
