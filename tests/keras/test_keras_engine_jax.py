"""The Keras engine on JAX, in a process of its own: Keras reads its backend once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.timeout(600)  # some forty tests in one
def test_it_passes_every_check_on_jax():
    checks = ["tests/keras/engine_checks.py", "tests/keras/jax_checks.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *checks]
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
