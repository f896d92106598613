"""Workers that are killed, that hang, that lose their supervisor; preparing that is killed. Real signals."""

import http.client
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.conftest import SHIPPED
from tests.models import expected, write_version

PIXELS = np.random.default_rng(3).integers(0, 256, (4, 28, 28), np.uint8)
BLOCKING = ("-m", "tests.e2e.serve_and_block")
HANG = {"MODISTE_HANG_TIMEOUT_MS": "1500"}


def on_new_connection(server, method: str, path: str, body: object = None) -> tuple[dict[str, str], dict]:
    """Ask on a connection of its own; return headers and document of an answer 200."""
    url = server.http.base_url
    connection = http.client.HTTPConnection(url.host, url.port, timeout=10)
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    assert answer.status == 200, document
    return {name.lower(): value for name, value in answer.getheaders()}, document


def ask(server) -> None:
    """Ask, and check the answer."""
    _, document = on_new_connection(server, "POST", "/predict", {"instances": PIXELS.tolist()})
    got = [one["probabilities"] for one in document["predictions"]]
    np.testing.assert_allclose(got, expected(PIXELS), atol=1e-5)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def artifacts(tmp_path):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    return tmp_path / "artifacts"


def two_workers(server) -> list[int]:
    """Wait until two workers answer; each counts its requests from a start of its own."""
    seen: set[int] = set()

    def both() -> bool:
        headers, _ = on_new_connection(server, "GET", "/health/live")
        seen.add(int(headers["x-request-id"], 16) >> 32)
        return len(seen) == 2

    server.until(both, 60)
    return server.workers()


@pytest.mark.parametrize("how", [pytest.param("stopped", marks=pytest.mark.long), "blocked"])
def test_a_worker_that_hangs_is_killed_and_replaced_while_the_other_answers(serve, artifacts, how):
    server = serve(artifacts, "--workers", "2", program=BLOCKING, **HANG).wait_ready(60)
    victim, other = two_workers(server)
    os.kill(victim, signal.SIGSTOP if how == "stopped" else signal.SIGUSR1)
    answered = 0
    while victim in server.workers():
        ask(server)
        answered += 1
    assert answered > 3 and other in server.workers()
    server.until(lambda: len(server.workers()) == 2, 30)
    log = "".join(server.log)
    assert "has given no sign of life" in log
    # Where it stood is in the log; one that is stopped cannot say it.
    assert ("serve_and_block.py" in log) == (how == "blocked")
    two_workers(server)
    ask(server)
    assert server.terminate() == 0


def test_a_lone_worker_that_hangs_ends_and_says_where(serve, artifacts):
    server = serve(artifacts, program=BLOCKING, **HANG).wait_ready(60)
    server.process.send_signal(signal.SIGUSR1)
    assert server.process.wait(30) == -signal.SIGKILL
    server._reader.join(5)
    log = "".join(server.log)
    assert "the event loop has stood still" in log and "serve_and_block.py" in log


def test_workers_that_were_all_stopped_for_a_while_are_not_taken_for_hung(serve, artifacts):
    """As by Ctrl-Z, or the pause of a container."""
    server = serve(artifacts, "--workers", "2", **HANG).wait_ready(60)
    workers = two_workers(server)
    everybody = [server.process.pid, *workers]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(5)  # longer than any of them may be silent
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    time.sleep(1)
    assert server.workers() and set(server.workers()) == set(workers)
    ask(server)
    assert server.terminate() == 0


@pytest.mark.long
def test_a_lone_worker_that_was_stopped_for_a_while_goes_on(serve, artifacts):
    server = serve(artifacts, **HANG).wait_ready(60)
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(5)
    server.process.send_signal(signal.SIGCONT)
    time.sleep(1)
    ask(server)
    assert server.terminate() == 0


def test_workers_do_not_outlive_a_supervisor_that_is_killed(serve, artifacts):
    server = serve(artifacts, "--workers", "2").wait_ready(60)
    workers = two_workers(server)
    server.process.kill()
    server.process.wait()
    deadline = time.monotonic() + 30
    while any(map(lives, workers)):
        assert time.monotonic() < deadline, "workers stay behind"
        time.sleep(0.05)
    with pytest.raises(ConnectionRefusedError):
        on_new_connection(server, "GET", "/health/live")


def test_workers_killed_again_and_again_come_back(serve, artifacts):
    """At any moment: the second of each pair is killed while it starts."""
    server = serve(artifacts, "--workers", "2").wait_ready(60)
    steady, _ = two_workers(server)
    for _ in range(7):
        victims = [pid for pid in server.workers() if pid != steady]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        server.until(lambda old=set(victims): len(set(server.workers()) - old - {steady}) == 1, 30)
        ask(server)
    two_workers(server)
    assert server.status("/health/ready") == 200 and steady in server.workers()
    assert server.terminate() == 0


# preparing


def preparing_children() -> list[tuple[int, int]]:
    """The preparing processes of all servers of this user; those of other tests run at other times."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                status = (entry / "status").read_text()
            except OSError:
                continue
            if b"modiste.prepare.child" in command:
                parent = int(status.partition("PPid:")[2].split()[0])
                found.append((int(entry.name), parent))
    return found


@pytest.mark.parametrize(
    "others",
    [True, pytest.param(False, marks=pytest.mark.long)],
    ids=["others serve", "nothing else"],
)
def test_preparing_that_is_killed_is_told_and_tried_again(serve, tmp_path, artifacts, others):
    if not others:
        shutil.rmtree(artifacts / "fashion_mnist")
    (artifacts / "raw" / "1").mkdir(parents=True)
    newest = max((SHIPPED / "fashion_mnist").iterdir(), key=lambda path: int(path.name))
    shutil.copy(newest / "model.keras", artifacts / "raw" / "1" / "model.keras")
    server = serve(artifacts)
    child: list[int] = []

    def found() -> bool:
        child.extend(pid for pid, parent in preparing_children() if parent == server.process.pid)
        return bool(child)

    server.until(found, 60)
    os.kill(child[0], signal.SIGKILL)
    server.until(lambda: server.status("/health/live") == 200, 30)  # it prepares before it listens
    server.until(lambda: server.versions("raw").get(1, {}).get("state") == "failed", 30)
    assert server.versions("raw")[1]["reason"].startswith("killed: ")
    # Health speaks of the default model, which is the raw one where there is no other.
    assert server.status("/health/ready") == (200 if others else 503)
    if others:
        ask(server)
    server.until(lambda: server.versions("raw").get(1, {}).get("state") == "ready", 120)
    assert server.status("/health/ready") == 200
    answer = server.http.post("/models/raw/predict", json={"instances": PIXELS.tolist()})
    assert answer.status_code == 200
