"""Keras starts without the libraries that nothing here needs of it, and who needs them has them afterwards."""

import subprocess
import sys

import pytest

STARTED = """
import sys
from modiste.quick_keras import import_keras

import_keras(sys.argv[1])
left_out = {"jax", "matplotlib", "pandas", "sklearn"} - sys.modules.keys()
import keras, matplotlib, sklearn.linear_model
print(*sorted(left_out), keras.backend.backend())
"""


@pytest.mark.parametrize(
    ("backend", "left_out"),
    [("tensorflow", "jax matplotlib pandas sklearn"), ("jax", "matplotlib pandas sklearn")],
)
def test_what_is_not_used_is_left_out_and_can_be_imported_afterwards(monkeypatch, backend, left_out):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    command = [sys.executable, "-c", STARTED, backend]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.split() == [*left_out.split(), backend], done.stderr
