"""One of several workers: it tells the others what it answers by, and waits for what they tell.

The other worker is played by the test, which reads and writes its file.
"""

import threading
import time

import pytest
from operating import make_key

from service.repository import agreement
from service.repository.standing import Standing, Standings
from service.repository.wishes import WishesFile
from service.run_folder import Place
from tests.http.conftest import Client
from tests.models import write_version

LABEL = "/models/fashion_mnist/labels/stable"


@pytest.fixture
def places(tmp_path):
    (tmp_path / "run").mkdir()
    return Place(tmp_path / "run", 0, 2), Place(tmp_path / "run", 1, 2)


@pytest.fixture
def other(places):
    return Standings(places[1])


@pytest.fixture
def admin(tmp_path):
    return make_key(tmp_path / "keys.json", "operator", "admin")


@pytest.fixture
def worker(settings, artifacts, places, admin, tmp_path):
    write_version(artifacts / "fashion_mnist" / "2")
    # The folder is not looked at again: what happens here has another cause.
    changes = {"keys_file": tmp_path / "keys.json", "watch_interval_ms": 600_000}
    made = Client(settings.model_copy(update=changes), places[0])
    yield made
    made.close()


def told(other: Standings) -> Standing:
    (standing,) = other.others()
    return standing


def test_a_label_is_answered_when_the_other_worker_follows_and_not_before(worker, other, admin):
    followed_at = []

    def follow() -> None:
        deadline = time.monotonic() + 20
        while not told(other).labels and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        followed_at.append(time.monotonic())
        other.write(told(other))

    following = threading.Thread(target=follow)
    following.start()
    moved = worker.request("PUT", LABEL, json={"version": 1}, headers=admin)
    answered_at = time.monotonic()
    following.join()
    assert moved.json()["labels"] == {"stable": 1}
    assert followed_at and answered_at >= followed_at[0]
    assert told(other).labels == {"fashion_mnist": {"stable": 1}} and told(other).leading == {
        "fashion_mnist": 2
    }


@pytest.mark.parametrize(
    "damage", [None, b"{", b'{"revision": "x"}'], ids=["no file", "no JSON", "no standing"]
)
def test_a_worker_that_tells_nothing_is_not_waited_for_for_ever(
    worker, other, places, admin, damage, monkeypatch, caplog
):
    monkeypatch.setattr(agreement, "_LONGEST_S", 0.2)
    if damage is not None:
        (places[1].folder / "standing-1.json").write_bytes(damage)
    moved = worker.request("PUT", LABEL, json={"version": 1}, headers=admin)
    assert moved.status_code == 200
    assert "another worker does not do yet what was asked" in caplog.text


def test_what_the_other_has_written_down_is_done_at_once(worker, other, admin, settings):
    WishesFile(settings.state_dir).change(lambda wishes: wishes.labelled("fashion_mnist", "stable", 1))
    deadline = time.monotonic() + 20
    while not told(other).labels:
        assert time.monotonic() < deadline
        worker.get("/health/live")
        time.sleep(0.01)
    assert told(other).revision == 1
