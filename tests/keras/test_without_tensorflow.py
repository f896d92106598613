"""A machine that has Keras and JAX and nothing of TensorFlow's: raw files are prepared and served all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

ROOT = Path(__file__).parents[2]

# Python runs a module of this name when it starts, in the preparing child as well.
HIDDEN = """
import sys

class Hiding:
    def __init__(self, finder):
        self.find_distributions = finder.find_distributions
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tf2onnx", "onnx"):
            return None
        return self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Hiding(f) if getattr(f, "__name__", "") == "PathFinder" else f for f in sys.meta_path]
"""

PREPARE_AND_SERVE = """
import json, sys
from pathlib import Path
import numpy as np
from modiste.artifact import SUMMARY, ArtifactError, Summary
from modiste.prepare import Failure, PrepareFailed, PrepareLimits, available, available_unconverted, prepare
from service.engine.keras_engine import KerasEngine
from service.repository.prepared_cache import PreparedCache
from service.signature import Signature

source, state, rows = (Path(argument) for argument in sys.argv[1:])
assert not available() and available_unconverted()
try:
    prepare(source, state / "published")
except PrepareFailed as failure:
    assert failure.reason == Failure.UNAVAILABLE
folder = PreparedCache(state, 10**9, PrepareLimits()).prepared(source)
summary = Summary.read(folder / SUMMARY)
signature = Signature.of(summary, None)
try:
    KerasEngine(source, summary.source_sha256, [4], "tensorflow", signature)
except ArtifactError as error:
    refusal = str(error)
engine = KerasEngine(source, summary.source_sha256, [4], "jax", signature)
outputs = engine.infer(np.load(rows))
assert not {"tensorflow", "tf2onnx", "onnx"} & sys.modules.keys()
print(json.dumps([folder.name, summary.engine, summary.engine_reason, refusal, outputs.tolist()]))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    """What such a machine answers, and what Keras says here."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "sitecustomize.py").write_text(HIDDEN)
    inner = [layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((4, 4)), *inner])
    model.save(folder / "model.keras")
    rows = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    np.save(folder / "rows.npy", rows)
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            PREPARE_AND_SERVE,
            folder / "model.keras",
            folder / "state",
            folder / "rows.npy",
        ],
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), np.asarray(model(rows.astype(np.float32)))


def test_a_raw_file_is_prepared_for_the_keras_engine_under_a_name_of_its_own(answer):
    (name, engine, reason, _, _), _ = answer
    assert name.endswith(".unconverted") and engine == "keras" and "no converter" in reason


def test_it_is_served_by_jax_with_the_numbers_of_tensorflow(answer):
    (*_, outputs), expected = answer
    np.testing.assert_allclose(outputs, expected, atol=1e-5, rtol=0)


def test_a_backend_that_is_not_installed_is_said_plainly(answer):
    (_, _, _, refusal, _), _ = answer
    assert "not installed here" in refusal and "MODISTE_KERAS_BACKEND=jax" in refusal
