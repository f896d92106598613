"""Real servers in real processes, on real sockets."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "artifacts"
START_S = 90


class Server:
    """A ``modiste serve`` process; its log is kept to be shown when a test fails."""

    def __init__(
        self,
        artifacts: Path,
        state: Path,
        *options: str,
        program: tuple[str, ...] = ("-m", "modiste"),
        **environment: str,
    ) -> None:
        names = {name: value for name, value in os.environ.items() if not name.startswith("MODISTE_")}
        self.process = subprocess.Popen(
            [sys.executable, *program, "serve", str(artifacts), "--port", "0", *options],
            env={**names, "MODISTE_STATE_DIR": str(state), "MODISTE_WATCH_INTERVAL_MS": "100", **environment},
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.log: list[str] = []
        self._announced = threading.Event()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if not self._announced.wait(START_S):
            self.kill()
            raise AssertionError("the server announced no address:\n" + "".join(self.log))
        found = re.search(r"on (https?://[^\s\"]+:\d+)", "".join(self.log))
        assert found, "".join(self.log)
        self.http = httpx.Client(base_url=found[1], timeout=60, trust_env=False)

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if "Serving" in line:
                self._announced.set()
        self._announced.set()

    def wait_ready(self, seconds: float = START_S) -> "Server":
        """Wait until the default model answers."""
        self.until(lambda: self.status("/health/ready") == 200, seconds)
        return self

    def status(self, path: str) -> int | None:
        """The status of a GET, None where nothing listens."""
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            return None

    def until(self, true, seconds: float = START_S) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None and time.monotonic() < deadline, "".join(self.log)
            time.sleep(0.05)

    def versions(self, model: str) -> dict[int, dict]:
        listed = self.http.get("/models").json()["models"]
        return {v["version"]: v for entry in listed if entry["name"] == model for v in entry["versions"]}

    def workers(self) -> list[int]:
        """The worker processes: children of the server that run a spawned main."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == self.process.pid and b"spawn_main" in command:
                found.append(int(entry.name))
        return found

    def terminate(self, seconds: float = 30) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def serve(tmp_path: Path):
    """Starts servers, and ends them after the test."""
    started: list[Server] = []

    def start(artifacts: Path, *options: str, **environment) -> Server:
        started.append(Server(artifacts, tmp_path / "state", *options, **environment))
        return started[-1]

    yield start
    for server in started:
        server.http.close()
        server.kill()


@pytest.fixture(scope="session")
def shipped(tmp_path_factory) -> Iterator[Server]:
    """One server of the shipped models, for all tests that only ask."""
    server = Server(SHIPPED, tmp_path_factory.mktemp("state"), "--default-model", "fashion_mnist")
    yield server.wait_ready()
    server.http.close()
    server.kill()


@pytest.fixture(scope="session")
def test_images() -> tuple[np.ndarray, np.ndarray]:
    """The first 1,000 test images of Fashion-MNIST: uint8 [1000, 28, 28], and their labels."""
    with np.load(ROOT / "tests" / "data" / "fashion-mnist-test-1000.npz") as data:
        return data["x"], data["y"]


@pytest.fixture(scope="session")
def shipped_model():
    """The newest shipped version of the default model, in Keras itself."""
    import keras

    folder = max((SHIPPED / "fashion_mnist").iterdir(), key=lambda path: int(path.name))
    return keras.saving.load_model(folder / "model.keras")


@pytest.fixture(scope="session")
def keras_probabilities(shipped_model, test_images) -> np.ndarray:
    """What Keras says of the test images: float32 [1000, 10]."""
    return shipped_model.predict(test_images[0], batch_size=250, verbose=0)
