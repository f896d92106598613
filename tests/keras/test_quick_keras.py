"""Keras starts without the libraries that nothing here needs of it, and who needs them has them afterwards."""

import subprocess
import sys

STARTED = """
import sys
from modiste.quick_keras import import_keras

import_keras("tensorflow")
left_out = {"jax", "matplotlib", "pandas", "sklearn"} - sys.modules.keys()
import keras, matplotlib, sklearn.linear_model
print(*sorted(left_out))
"""


def test_what_is_not_used_is_left_out_and_can_be_imported_afterwards(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    done = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True)
    assert done.stdout.split() == ["jax", "matplotlib", "pandas", "sklearn"], done.stderr
