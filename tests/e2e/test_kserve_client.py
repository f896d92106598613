"""KServe's own client, unmodified and in an environment of its own, against a server of the shipped model."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
ASKED = 20


@pytest.mark.skipif(not PYTHON.exists(), reason="make test sets up what KServe's client needs")
def test_it_is_told_what_keras_says_in_both_protocols(shipped, test_images, keras_probabilities, tmp_path):
    np.savez(tmp_path / "images.npz", x=test_images[0][:ASKED])
    command = [PYTHON, ROOT / "tests" / "e2e" / "kserve_asks.py"]
    address = str(shipped.http.base_url).rstrip("/")
    done = subprocess.run(
        [*command, address, tmp_path / "images.npz"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["server live"] and found["server ready"] and found["model ready"]
    for form in ("v1", "v2", "v2 binary"):
        np.testing.assert_allclose(found[form], keras_probabilities[:ASKED], atol=1e-5, err_msg=form)
    assert "Servable not found for request: Latest(nothing)" in found["v1 error"]
    assert "there is no model 'nothing'" in found["v2 error"]
