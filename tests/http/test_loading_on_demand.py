"""Loading and unloading of models by an operator."""

import asyncio
import json
import os
import threading

import numpy as np
import pytest
from operating import make_key
from watching import until, versions

from modiste.artifact import ONNX
from service.errors import ModelFailed, ModelNotReady, ShuttingDown
from tests.models import write_version

ROWS = {"instances": np.zeros((1, 28, 28)).tolist()}
MODEL = "/models/fashion_mnist"


@pytest.fixture
def admin(tmp_path):
    """The headers of an operator."""
    return make_key(tmp_path / "keys.json", "operator", "admin")


@pytest.fixture
def keyed(admin, make_client, tmp_path):
    return make_client(keys_file=tmp_path / "keys.json")


def do(client, admin, what: str, model: str = "fashion_mnist"):
    return client.post(f"/models/{model}/{what}", headers=admin)


def error(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def states(client, model: str = "fashion_mnist") -> dict[int, str]:
    return {number: version["state"] for number, version in versions(client, model).items()}


def test_an_unloaded_model_says_so_and_stays_away_until_it_is_loaded(artifacts, keyed, admin):
    response = do(keyed, admin, "unload")
    assert (response.status_code, response.json()) == (200, {"model": "fashion_mnist", "state": "unloaded"})
    write_version(artifacts / "fashion_mnist" / "2")
    until(keyed, lambda: states(keyed) == {1: "unloaded", 2: "unloaded"})
    for path in ("/predict", f"{MODEL}/predict", f"{MODEL}/versions/1/predict"):
        refused = keyed.post(path, json=ROWS)
        assert error(refused) == (503, "model_not_ready")
        message = refused.json()["error"]["message"]
        assert "was unloaded by an operator; it answers again when an operator loads it" in message
    ready = keyed.get("/health/ready")
    assert ready.status_code == 503 and "was unloaded" in ready.json()["reason"]
    response = do(keyed, admin, "load")
    assert response.json() == {"model": "fashion_mnist", "version": 2, "state": "ready"}
    assert keyed.post("/predict", json=ROWS).json()["version"] == 2
    until(keyed, lambda: states(keyed) == {1: "ready", 2: "ready"})


def test_an_unloaded_model_does_not_come_back_with_a_restart(keyed, admin, make_client):
    do(keyed, admin, "unload")
    again = make_client()
    assert states(again) == {1: "unloaded"}
    assert error(again.post("/predict", json=ROWS)) == (503, "model_not_ready")
    assert again.run(again.parts.operators.load("fashion_mnist")).version == 1
    until(keyed, lambda: keyed.post("/predict", json=ROWS).status_code == 200)


def test_what_is_in_flight_is_answered_before_a_model_is_gone(artifacts, make_client):
    write_version(artifacts / "slow" / "1", slowness=4)
    client = make_client()
    slow = "/models/slow/predict"

    async def unload_meanwhile():
        served = client.parts.registry.get("slow")
        asked = [asyncio.create_task(client.http.post(slow, json=ROWS)) for _ in range(3)]
        while served.batcher.rows_in_flight < 3:
            await asyncio.sleep(0)
        await client.parts.operators.unload("slow")
        assert served.batcher.rows_in_flight == 0 and not served.batcher.alive
        return [await one for one in asked]

    assert [response.status_code for response in client.run(unload_meanwhile())] == [200] * 3
    assert states(client, "slow") == {1: "unloaded"}
    assert error(client.post(slow, json=ROWS)) == (503, "model_not_ready")


def test_a_model_that_is_unloaded_while_it_loads_does_not_answer_afterwards(artifacts, client):
    async def at_once():
        write_version(artifacts / "fashion_mnist" / "2")
        operators = client.parts.operators
        await asyncio.gather(
            operators.label("fashion_mnist", "stable", 2),
            operators.unload("fashion_mnist"),
            return_exceptions=True,
        )

    client.run(at_once())
    until(client, lambda: set(states(client).values()) == {"unloaded"})
    assert error(client.post("/predict", json=ROWS)) == (503, "model_not_ready")
    assert client.run(client.parts.operators.load("fashion_mnist")).version == 2


def test_load_finds_what_was_just_put_there(artifacts, keyed, admin):
    write_version(artifacts / "another" / "7")
    assert do(keyed, admin, "load", "another").json()["version"] == 7


def test_load_of_a_model_that_fails_gives_the_reason_and_the_old_version_stays(artifacts, keyed, admin):
    folder = write_version(artifacts / "fashion_mnist" / "2")
    good = (folder / ONNX).read_bytes()
    (folder / ONNX).write_bytes(b"no graph")
    response = do(keyed, admin, "load")
    assert error(response) == (503, "model_failed") and "SHA-256" in response.json()["error"]["message"]
    assert keyed.post("/predict", json=ROWS).json()["version"] == 1
    (folder / ONNX).write_bytes(good)
    assert do(keyed, admin, "load").json()["version"] == 2


def test_load_tries_again_what_failed_in_every_process(artifacts, make_client):
    """Two applications over the same folders stand for two workers. Nothing in the folder changes."""
    folder = write_version(artifacts / "fashion_mnist" / "2")
    mended = (folder / ONNX).read_bytes()
    stamp = (folder / ONNX).stat().st_mtime_ns

    def put(data: bytes) -> None:
        (folder / ONNX).write_bytes(data)
        os.utime(folder / ONNX, ns=(stamp, stamp))

    put(b"x" * len(mended))
    one, other = make_client(), make_client()
    until(other, lambda: states(other)[2] == "failed")
    put(mended)
    with pytest.raises(ModelFailed):
        one.run(one.parts.operators.label("fashion_mnist", "stable", 2))
    assert one.run(one.parts.operators.load("fashion_mnist")).version == 2
    until(other, lambda: states(other)[2] == "ready")


@pytest.mark.parametrize("what", ["load", "unload"])
def test_a_model_that_is_not_there_is_not_found(keyed, admin, tmp_path, what):
    assert error(do(keyed, admin, what, "none")) == (404, "model_not_found")
    assert not (tmp_path / "state" / "repository.json").exists()


def test_a_label_waits_for_its_model_to_be_loaded_again(keyed, admin):
    operators = keyed.parts.operators
    keyed.run(operators.label("fashion_mnist", "stable", 1))
    do(keyed, admin, "unload")
    with pytest.raises(ModelNotReady, match="was unloaded"):
        keyed.run(operators.label("fashion_mnist", "stable", 1))
    assert error(keyed.post(f"{MODEL}/labels/stable/predict", json=ROWS)) == (503, "model_not_ready")
    do(keyed, admin, "load")
    assert keyed.post(f"{MODEL}/labels/stable/predict", json=ROWS).json()["version"] == 1


def test_both_may_be_asked_for_again_and_again(keyed, admin):
    for what in ("load", "load", "unload", "unload", "load"):
        assert do(keyed, admin, what).status_code == 200
    assert keyed.post("/predict", json=ROWS).status_code == 200


def test_two_processes_that_write_at_once_lose_nothing(artifacts, make_client, tmp_path):
    """Each labels and unloads models of its own; a lost update would leave some out."""
    names = [f"m{number}" for number in range(8)]
    for name in names:
        write_version(artifacts / name / "1")
    one, other = make_client(), make_client()

    async def write(client, mine):
        for name in mine:
            await client.parts.operators.label(name, "stable", 1)
            await client.parts.operators.unload(name)

    threads = [
        threading.Thread(target=client.run, args=(write(client, mine),))
        for client, mine in ((one, names[:4]), (other, names[4:]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    document = json.loads((tmp_path / "state" / "repository.json").read_text())
    assert document["unloaded"] == names and sorted(document["labels"]) == names
    for client in (one, other):
        until(client, lambda client=client: all(states(client, name) == {1: "unloaded"} for name in names))


def test_who_waits_for_a_model_to_load_hears_that_the_server_stops(artifacts, make_client):
    client = make_client()
    watcher, records = client.parts.watcher, client.parts.registry.records
    write_version(artifacts / "slow" / "1", slowness=4)

    async def stop_meanwhile() -> None:
        loading = asyncio.create_task(client.parts.operators.load("slow"))
        while ("slow", 1) not in records or records["slow", 1].state != "preparing":
            await asyncio.sleep(0)
        await watcher.stop()
        with pytest.raises(ShuttingDown):
            await loading

    client.run(stop_meanwhile())
