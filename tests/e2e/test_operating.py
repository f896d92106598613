"""Labels, loading and unloading on a server of two worker processes, each asked on connections of its own."""

import os
import re
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.models import expected, write_version

ROOT = Path(__file__).parents[2]
PIXELS = np.arange(784, dtype=np.uint8).reshape(1, 28, 28)
RIGHT = {version: expected(PIXELS, seed=seed)[0] for version, seed in ((1, 0), (2, 2))}
MODEL = "/models/fashion_mnist"


def run(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "modiste", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def keys(tmp_path):
    file = tmp_path / "keys.json"
    return file, {
        "authorization": f"Bearer {run('key', 'new', 'operator', '--scope', 'admin', '--file', str(file)).strip()}"
    }


@pytest.fixture
def server(serve, tmp_path, keys):
    for version in (1, 2, 3):
        write_version(tmp_path / "artifacts" / "fashion_mnist" / str(version), seed=version - 1 and version)
    options = {"MODISTE_KEYS_FILE": str(keys[0]), "MODISTE_VERSIONS_LOADED": "1"}
    return serve(tmp_path / "artifacts", "--workers", "2", **options).wait_ready(30)


@pytest.fixture
def workers(server):
    """A client of each worker, told apart by the ids of requests: each worker counts from a random start."""
    found: dict[int, httpx.Client] = {}
    opened: list[httpx.Client] = []
    server.until(lambda: _one_more(server, found, opened) == 2, 30)
    yield list(found.values())
    for client in opened:
        client.close()


def _one_more(server, found: dict[int, httpx.Client], opened: list[httpx.Client]) -> int:
    client = httpx.Client(base_url=server.http.base_url, timeout=60, trust_env=False)
    opened.append(client)
    worker = int(client.get("/health/live").headers["x-request-id"], 16) >> 32
    found.setdefault(worker, client)
    return len(found)


def label_version(client) -> int | None:
    response = client.post(f"{MODEL}/labels/stable/predict", json={"instances": PIXELS.tolist()})
    return response.json()["version"] if response.status_code == 200 else None


def test_a_label_moved_and_a_model_unloaded_through_one_worker_hold_for_all(
    server, workers, keys, serve, tmp_path
):
    one, _ = workers
    _, admin = keys
    for version in (1, 2):
        moved = one.put(f"{MODEL}/labels/stable", json={"version": version}, headers=admin)
        assert moved.json()["labels"] == {"stable": version}
        # The answer came when all workers did so, and not before.
        assert [label_version(client) for client in workers] == [version] * 2
    # By the command, as by the path.
    run("label", "fashion_mnist", "stable=1", "--state-dir", str(tmp_path / "state"))
    server.until(lambda: [label_version(client) for client in workers] == [1] * 2, 20)

    assert one.post(f"{MODEL}/unload", headers=admin).status_code == 200
    body = {"instances": PIXELS.tolist()}
    assert [client.post("/predict", json=body).status_code for client in workers] == [503] * 2
    assert server.terminate() == 0
    again = serve(tmp_path / "artifacts", "--workers", "2", MODISTE_KEYS_FILE=str(keys[0]))
    again.until(lambda: again.status("/health/ready") == 503, 30)
    assert "was unloaded" in again.http.get("/health/ready").json()["reason"]
    assert again.http.post(f"{MODEL}/load", headers=admin).json()["version"] == 3
    again.wait_ready(20)
    again.until(lambda: all(label_version(again.http) == 1 for _ in range(5)), 20)


def test_under_constant_requests_to_all_workers_a_label_moves_and_no_answer_is_wrong(server, workers, keys):
    """Version 3 alone is kept besides, so that versions 1 and 2 are loaded and let go all the time."""
    one, other = workers
    _, admin = keys
    one.put(f"{MODEL}/labels/stable", json={"version": 1}, headers=admin)
    assert label_version(other) == 1
    wrong: list[str] = []
    seen: dict[int, set[int]] = defaultdict(set)
    done = threading.Event()

    def ask(number: int, client: httpx.Client) -> None:
        with httpx.Client(base_url=server.http.base_url, timeout=60, trust_env=False) as own:
            asking = client if number < 2 else own
            while not done.is_set():
                response = asking.post(f"{MODEL}/labels/stable/predict", json={"instances": PIXELS.tolist()})
                if response.status_code != 200:
                    wrong.append(response.text)
                    continue
                answer = response.json()
                got = np.array(answer["predictions"][0]["probabilities"])
                if not np.allclose(got, RIGHT[answer["version"]], atol=1e-6):
                    wrong.append(f"version {answer['version']} with the numbers of another")
                seen[number].add(answer["version"])

    threads = [threading.Thread(target=ask, args=(n, workers[n % 2])) for n in range(4)]
    for thread in threads:
        thread.start()
    with httpx.Client(base_url=server.http.base_url, timeout=60, trust_env=False) as moving:
        for turn in range(50):
            to = 2 - turn % 2
            moved = moving.put(f"{MODEL}/labels/stable", json={"version": to}, headers=admin)
            if moved.status_code != 200:
                wrong.append(moved.text)
    # The last move reached every worker.
    assert [label_version(client) for client in workers] == [1] * 2
    done.set()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert seen[0] | seen[1] == {1, 2} and all(seen.values())


# the examples of the documentation


def test_the_examples_of_operating_run_as_they_are_written(serve, tmp_path):
    text = (ROOT / "docs" / "operating.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    # What needs containers, or a certificate, is marked as bash and not as sh.
    keys, commands = blocks[0], "".join(blocks[1:])
    assert "modiste key new" in keys and "labels/stable" in commands and "/unload" in commands
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MODISTE_STATE_DIR": str(tmp_path / "state"),
        "MODISTE_KEYS_FILE": str(tmp_path / "keys.json"),
        "PYTHONPATH": str(ROOT),
    }
    artifacts = tmp_path / "artifacts"
    for version in (1, 2):
        write_version(artifacts / "fashion_mnist" / str(version))
    made = _paste(keys + 'echo "$ADMIN_KEY"\n', environment).split()[-1]
    server = serve(artifacts, "--workers", "2", MODISTE_KEYS_FILE=str(tmp_path / "keys.json")).wait_ready(30)
    here = commands.replace("http://127.0.0.1:8000", str(server.http.base_url).rstrip("/"))
    said = _paste(here, environment | {"ADMIN_KEY": made})
    assert '"labels":{"stable":1}' in said and '"state":"unloaded"' in said and '"state":"ready"' in said


def _paste(script: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", "set -eu -o pipefail\n" + script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
