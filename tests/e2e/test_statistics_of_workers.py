"""Statistics of a server with two worker processes: whoever is asked tells what both have done."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.models import write_version

RAW = {"content-type": "application/octet-stream"}


@pytest.fixture
def server(serve, tmp_path):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    started = serve(tmp_path / "artifacts", "--workers", "2").wait_ready(30)
    started.until(lambda: len(snapshots(tmp_path)) == 2, 30)
    return started


def snapshots(tmp_path: Path) -> dict[str, int]:
    """The requests that each worker has written that it answered."""
    found = {}
    for path in (tmp_path / "state" / "run").glob("*/worker-*.json"):
        requests = [one["requests"] for one in json.loads(path.read_bytes())["versions"]]
        found[path.name] = sum(sum(of["success"]["counts"]) for one in requests for of in one.values())
    return found


def ask(server, connections: int, each: int) -> int:
    """Ask for predictions of two rows, and for something that is refused; return how many were answered."""

    def client(_: int) -> None:
        with httpx.Client(base_url=server.http.base_url, timeout=30, trust_env=False) as http:
            for _ in range(each):
                assert http.post("/predict", content=bytes(2 * 784), headers=RAW).status_code == 200
            assert http.post("/predict", content=b"short", headers=RAW).status_code == 422

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client, range(connections)))
    return connections * each


def told(server) -> tuple[int, int, int, int]:
    """What whichever worker that takes a new connection says: answered, refused, rows, rows computed."""
    with httpx.Client(base_url=server.http.base_url, timeout=30, trust_env=False) as http:
        (found,) = http.get("/statistics").json()["versions"]
    refused = found["failures"].get("invalid_input", {"count": 0})["count"]
    return found["success"]["count"], refused, found["rows"], found["rows_computed"]


def until_told(server, expected: tuple[int, int, int, int]) -> None:
    """Wait until all is told, which may miss the last second of the other worker; it never falls."""
    before = (0, 0, 0, 0)

    def is_told() -> bool:
        nonlocal before
        now = told(server)
        assert all(a <= b <= c for a, b, c in zip(before, now, expected, strict=True)), (before, now)
        before = now
        return now == expected

    server.until(is_told, 30)


def test_the_sum_over_two_workers_is_exact_and_outlives_one_of_them(server, tmp_path):
    answered = connections = 0
    while not connections or min(snapshots(tmp_path).values()) == 0:
        answered += ask(server, 20, 5)
        connections += 20
        until_told(server, (answered, connections, 2 * answered, 2 * answered))
    for _ in range(10):
        assert told(server)[0] == answered
    # What was told is written. Now one worker dies, and another takes its place.
    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    server.until(lambda: len(server.workers()) == 2 and victim not in server.workers(), 30)
    server.http.close()
    server.http = httpx.Client(base_url=server.http.base_url, timeout=20, trust_env=False)
    for _ in range(10):
        assert told(server)[0] == answered
    answered += ask(server, 20, 5)
    connections += 20
    until_told(server, (answered, connections, 2 * answered, 2 * answered))
    assert server.terminate() == 0
    assert [path for path in (tmp_path / "state" / "run").iterdir() if path.is_dir()] == []


def test_without_a_state_folder_each_worker_tells_its_own(serve, tmp_path):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    (tmp_path / "state").write_text("a file, where a folder should be")
    server = serve(tmp_path / "artifacts", "--workers", "2").wait_ready(30)
    for total in range(2, 12, 2):
        with httpx.Client(base_url=server.http.base_url, timeout=30, trust_env=False) as http:
            for _ in range(2):
                assert http.post("/predict", content=bytes(784), headers=RAW).status_code == 200
            (found,) = http.get("/statistics").json()["versions"]
        assert 2 <= found["success"]["count"] <= total
    assert sum("statistics are of one worker each" in line for line in server.log) == 1
    assert server.terminate() == 0
