"""The life of a server: starting, raw files, new versions, workers, signals. Real processes throughout."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.models import write_version

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "artifacts" / "fashion_mnist"


def newest_shipped() -> Path:
    return max(SHIPPED.iterdir(), key=lambda path: int(path.name))


def probabilities(server, x: np.ndarray, path: str = "/predict") -> np.ndarray:
    response = server.http.post(
        path, content=x.tobytes(), headers={"content-type": "application/octet-stream"}
    )
    assert response.status_code == 200, response.text
    return np.array([p["probabilities"] for p in response.json()["predictions"]])


def test_a_raw_keras_file_is_prepared_while_others_answer_and_once_only(
    serve, tmp_path, test_images, keras_probabilities
):
    artifacts = tmp_path / "artifacts"
    write_version(artifacts / "quick" / "1")
    server = serve(artifacts, "--default-model", "quick").wait_ready(10)
    for name in ("model.keras", "model.h5"):
        version = artifacts / name.replace(".", "-") / "1"
        version.mkdir(parents=True)
        shutil.copy(newest_shipped() / name, version / name)
    shutil.copy(newest_shipped() / "model.keras", artifacts / "loose.keras")
    x = test_images[0][:50]
    answered = 0
    names = ("model-keras", "model-h5", "loose")
    while not all(server.versions(name).get(1, {}).get("state") == "ready" for name in names):
        assert not any(server.versions(name).get(1, {}).get("state") == "failed" for name in names), (
            server.log
        )
        probabilities(server, x)
        answered += 1
        time.sleep(0.1)
    assert answered > 5
    for name in names:
        got = probabilities(server, x, f"/models/{name}/predict")
        np.testing.assert_allclose(got, keras_probabilities[:50], atol=1e-5, rtol=0)
        summary = server.http.get(f"/models/{name}/summary").json()
        assert (summary["engine"], summary["format"]) == ("onnx", "h5" if "h5" in name else "keras")
    # The same file under two names was prepared once, and a second server prepares nothing.
    assert len([p for p in (tmp_path / "state" / "prepared").iterdir() if p.is_dir()]) == 2
    again = serve(artifacts, "--default-model", "loose", PYTHONWARNINGS="default").wait_ready(15)
    np.testing.assert_allclose(probabilities(again, x), keras_probabilities[:50], atol=1e-5, rtol=0)


def test_a_file_that_is_no_model_fails_with_its_reason(serve, tmp_path):
    artifacts = tmp_path / "artifacts"
    write_version(artifacts / "good" / "1")
    (artifacts / "bad" / "1").mkdir(parents=True)
    (artifacts / "bad" / "1" / "model.keras").write_bytes(b"no archive")
    server = serve(artifacts, "--default-model", "good").wait_ready(10)
    server.until(lambda: server.versions("bad").get(1, {}).get("state") == "failed")
    assert "wrong_type" in server.versions("bad")[1]["reason"]
    assert str(tmp_path) not in server.versions("bad")[1]["reason"]


def test_a_model_that_does_not_convert_is_served_by_keras_and_says_why(serve, tmp_path, test_images):
    """Discretization has no operator in ONNX."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Discretization(bin_boundaries=[50.0, 100.0, 200.0]),
            keras.layers.Rescaling(1 / 3),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    (tmp_path / "artifacts").mkdir()
    model.save(tmp_path / "artifacts" / "binned.keras")
    server = serve(tmp_path / "artifacts", MODISTE_MAX_BATCH_ROWS="8").wait_ready()
    summary = server.http.get("/model/summary").json()
    assert (summary["name"], summary["engine"]) == ("binned", "keras") and summary["engine_reason"]
    x = test_images[0][:50]
    response = server.http.post("/predict", json={"instances": x.tolist()})
    got = np.array([p["probabilities"] for p in response.json()["predictions"]])
    np.testing.assert_allclose(got, model.predict(x, verbose=0), atol=1e-5, rtol=0)


@pytest.mark.long
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_the_keras_engine_gives_the_same_answers(serve, tmp_path, test_images, keras_probabilities, backend):
    artifacts = tmp_path / "artifacts"
    shutil.copytree(newest_shipped(), artifacts / "fashion_mnist" / "1")
    server = serve(artifacts, "--engine", "keras", MODISTE_KERAS_BACKEND=backend, MODISTE_MAX_BATCH_ROWS="32")
    server.wait_ready()
    assert server.http.get("/model/summary").json()["engine"] == "keras"
    for size in (1, 3, 32, 100):
        got = probabilities(server, test_images[0][:size])
        np.testing.assert_allclose(got, keras_probabilities[:size], atol=1e-5, rtol=0)
    assert server.terminate() == 0


def test_a_version_published_by_training_is_picked_up(serve, tmp_path, test_images):
    artifacts = tmp_path / "artifacts"
    shutil.copytree(newest_shipped(), artifacts / "fashion_mnist" / "1")
    server = serve(artifacts).wait_ready()
    shipped_recipe = (ROOT / "training" / "recipes" / "fashion-mlp.toml").read_text()
    recipe = tmp_path / "one-epoch.toml"
    recipe.write_text(re.sub("min_test_accuracy = .*", "min_test_accuracy = 0.5", shipped_recipe))
    train = [
        sys.executable,
        "-m",
        "modiste",
        "train",
        str(recipe),
        "--epochs",
        "1",
        "--set",
        "fit.batch_size=256",
        "--artifacts",
        str(artifacts),
    ]
    done = subprocess.run(train, capture_output=True, text=True, timeout=170, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    server.until(lambda: server.http.get("/model/summary").json()["version"] == 2, 20)
    import keras

    x = test_images[0][:100]
    own = keras.saving.load_model(artifacts / "fashion_mnist" / "2" / "model.keras").predict(x, verbose=0)
    np.testing.assert_allclose(probabilities(server, x), own, atol=1e-5, rtol=0)


# signals


def test_sigterm_turns_ready_off_at_once_and_still_answers_for_the_drain_delay(serve, tmp_path, test_images):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    server = serve(tmp_path / "artifacts", MODISTE_DRAIN_DELAY_MS="1500").wait_ready(10)
    server.process.send_signal(signal.SIGTERM)
    server.until(lambda: server.status("/health/ready") == 503, 1)
    assert len(probabilities(server, test_images[0][:3])) == 3
    assert server.status("/health/live") == 200
    assert server.process.wait(10) == 0
    assert server.status("/health/live") is None


def test_sigterm_under_load_loses_no_request_that_was_accepted(serve, tmp_path, test_images):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    server = serve(tmp_path / "artifacts", MODISTE_DRAIN_DELAY_MS="500").wait_ready(10)
    body = test_images[0][:20].tobytes()
    wrong: list[object] = []
    answered = [0] * 4
    stopping = threading.Event()

    def ask(number: int) -> None:
        with httpx.Client(base_url=server.http.base_url, timeout=20, trust_env=False) as http:
            while True:
                try:
                    response = http.post(
                        "/predict", content=body, headers={"content-type": "application/octet-stream"}
                    )
                except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError) as error:
                    # Only a connection that the server closed while it was idle may be refused.
                    if not stopping.is_set():
                        wrong.append(error)
                    return
                if response.status_code != 200:
                    wrong.append(response.text)
                answered[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    server.until(lambda: all(answered), 10)
    stopping.set()
    assert server.terminate() == 0
    for thread in threads:
        thread.join(20)
    assert wrong == [] and min(answered) > 10


def test_two_workers_share_a_port_and_a_killed_one_comes_back(serve, tmp_path, test_images):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    server = serve(tmp_path / "artifacts", "--workers", "2").wait_ready(20)
    server.until(lambda: len(server.workers()) == 2, 20)
    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    server.until(lambda: len(server.workers()) == 2 and victim not in server.workers(), 20)
    server.http.close()
    server.http = httpx.Client(base_url=server.http.base_url, timeout=20, trust_env=False)
    server.wait_ready(20)
    for _ in range(20):
        assert len(probabilities(server, test_images[0][:2])) == 2
    assert server.terminate() == 0


# starts that cannot be


def test_a_port_in_use_is_said_plainly(tmp_path):
    write_version(tmp_path / "m" / "1")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        command = [sys.executable, "-m", "modiste", "serve", str(tmp_path), "--port"]
        result = subprocess.run(
            [*command, str(other.getsockname()[1])], capture_output=True, text=True, timeout=60, cwd=ROOT
        )
    assert result.returncode == 1
    assert "is in use" in result.stderr and "Traceback" not in result.stderr
