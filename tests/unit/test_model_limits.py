"""The limits on model files are settings, which the server and the commands read alike."""

import json

import pytest
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.prepare import PrepareLimits
from modiste.reading import ReadingLimits
from service.settings import Settings
from tests.unit import model_files as files


def inspected(tmp_path, **settings: str):
    path = files.written(tmp_path, files.keras_bytes())
    return CliRunner().invoke(app, ["inspect", str(path), "--json"], env=settings)


def test_the_usual_limits_are_the_same_wherever_they_are_stated():
    stated = Settings().prepare_limits
    assert stated.reading == ReadingLimits()
    assert (stated.memory_bytes, stated.file_bytes) == (
        PrepareLimits().memory_bytes,
        PrepareLimits().file_bytes,
    )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MODISTE_MAX_MODEL_LAYERS", "1", "too_many_layers"),
        ("MODISTE_MAX_MODEL_BYTES", "1024", "too_large"),
    ],
)
def test_the_command_keeps_to_them(tmp_path, name, value, reason):
    result = inspected(tmp_path, **{name: value})
    assert result.exit_code == 1
    verdict = json.loads(result.stdout)
    assert (verdict["ok"], verdict["reason"]) == (False, reason)
    assert inspected(tmp_path).exit_code == 0


def test_a_limit_that_is_none_ends_the_command_and_names_it(tmp_path):
    result = inspected(tmp_path, MODISTE_MAX_MODEL_LAYERS="many")
    assert result.exit_code == 2
    assert "MODISTE_MAX_MODEL_LAYERS" in result.stderr and "integer" in result.stderr


def test_the_verdict_is_what_is_documented(tmp_path):
    verdict = json.loads(inspected(tmp_path).stdout)
    assert list(verdict) == ["ok", "reason", "detail", "found"]
    assert (verdict["ok"], verdict["reason"]) == (True, "ok")
