"""What ``modiste serve`` refuses, before anything listens."""

import pytest
from typer.testing import CliRunner

from modiste.__main__ import app


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        pytest.param(["nowhere"], {}, "no folder nowhere", id="no folder"),
        pytest.param([".", "--port", "70000"], {}, "--port: ", id="port out of range"),
        pytest.param(["."], {"MODISTE_MAX_BATCH_ROWS": "0"}, "MODISTE_MAX_BATCH_ROWS: ", id="a bad value"),
        pytest.param(
            [".", "--engine", "keras", "--workers", "2"], {}, "with one worker", id="keras with two workers"
        ),
        pytest.param(
            ["nowhere"], {"MODISTE_HTTP_PROT": "1"}, "did you mean MODISTE_HTTP_PORT", id="a name misspelt"
        ),
    ],
)
def test_a_bad_setting_stops_the_start_and_is_named(arguments, environment, says):
    result = CliRunner().invoke(app, ["serve", *arguments], env=environment)
    assert isinstance(result.exception, SystemExit) and result.exit_code == 2
    assert says in result.stderr
