"""Which versions are loaded: by the setting for all models, by an operator for one of them."""

import asyncio
import json

import numpy as np
import pytest
from operating import command, make_key
from watching import until, versions

from modiste.artifact import ONNX
from tests.models import write_version

ROWS = {"instances": np.zeros((1, 28, 28)).tolist()}
MODEL = "/models/fashion_mnist"


@pytest.fixture
def admin(tmp_path):
    """The headers of an operator."""
    return make_key(tmp_path / "keys.json", "operator", "admin")


@pytest.fixture
def four(artifacts, tmp_path, admin, make_client):
    """An application with versions 1 to 4, of which the setting wants the newest."""
    for version in (2, 3, 4):
        write_version(artifacts / "fashion_mnist" / str(version), seed=version)
    return make_client(versions_loaded=1, keys_file=tmp_path / "keys.json")


def choose(client, admin, policy):
    return client.request("PUT", f"{MODEL}/versions", json={"versions_loaded": policy}, headers=admin)


def ready(client, model: str = "fashion_mnist") -> list[int]:
    listed = client.get("/models").json()["models"]
    of_model = [version for entry in listed if entry["name"] == model for version in entry["versions"]]
    return [version["version"] for version in of_model if version["state"] == "ready"]


def answering(client, path: str = "/predict") -> int:
    response = client.post(path, json=ROWS)
    assert response.status_code == 200, response.text
    return response.json()["version"]


def error(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def listed(client) -> object:
    (found,) = client.get("/models").json()["models"]
    return found["versions_loaded"]


def test_all_versions_are_loaded_where_the_setting_says_so(artifacts, make_client):
    for version in (2, 3, 4):
        write_version(artifacts / "fashion_mnist" / str(version))
    client = make_client(versions_loaded="all")
    until(client, lambda: ready(client) == [1, 2, 3, 4])
    assert listed(client) == "all" and answering(client) == 4


def test_an_operator_says_it_for_one_model_and_takes_it_back(artifacts, four, admin):
    write_version(artifacts / "other" / "1")
    write_version(artifacts / "other" / "2")
    until(four, lambda: ready(four, "other") == [2])
    for policy, expected in ((3, [2, 3, 4]), ("all", [1, 2, 3, 4]), ([1, 3], [1, 3]), (None, [4])):
        response = choose(four, admin, policy)
        shown = 1 if policy is None else policy
        assert (response.status_code, response.json()) == (
            200,
            {"model": "fashion_mnist", "versions_loaded": shown},
        )
        until(four, lambda expected=expected: ready(four) == expected)
        assert answering(four) == expected[-1]
    assert ready(four, "other") == [2]


def test_named_versions_answer_for_the_model_whatever_newer_or_labelled_is_there(artifacts, four, admin):
    """Rolling back by name: neither a version that appears nor a label changes what `/predict` asks."""
    choose(four, admin, [2])
    until(four, lambda: ready(four) == [2])
    write_version(artifacts / "fashion_mnist" / "5", seed=5)
    label = four.request("PUT", f"{MODEL}/labels/canary", json={"version": 5}, headers=admin)
    assert label.json()["labels"] == {"canary": 5}
    assert answering(four) == 2 and answering(four, f"{MODEL}/labels/canary/predict") == 5
    refused = four.post(f"{MODEL}/versions/4/predict", json=ROWS)
    assert error(refused) == (503, "model_not_ready")
    assert "loaded are of the versions those named 2, and any with a label" in refused.text
    assert four.post(f"{MODEL}/load", headers=admin).json()["version"] == 2


def test_what_serves_stays_until_a_named_version_can_and_for_good_where_none_can(artifacts, four, admin):
    (artifacts / "fashion_mnist" / "2" / ONNX).write_bytes(b"no graph")
    choose(four, admin, [2])
    until(four, lambda: versions(four, "fashion_mnist")[2]["state"] == "failed")
    assert answering(four) == 4 and ready(four) == [4]
    assert four.get("/health/ready").status_code == 200
    choose(four, admin, [3])
    until(four, lambda: ready(four) == [3])
    assert answering(four) == 3


def test_what_a_version_is_computing_is_answered_by_it_before_it_is_let_go(artifacts, make_client):
    for version in (1, 2):
        write_version(artifacts / "slow" / str(version), slowness=4)
    client = make_client()
    path = "/models/slow/versions/1/predict"

    async def let_go_meanwhile():
        served = client.parts.registry.get("slow", 1)
        asked = [asyncio.create_task(client.http.post(path, json=ROWS)) for _ in range(8)]
        while served.batcher.rows_in_flight < 8:
            await asyncio.sleep(0)
        await client.parts.operators.choose("slow", (2,))
        refused = await client.http.post(path, json=ROWS)
        return refused, [await one for one in asked]

    refused, answered = client.run(let_go_meanwhile())
    assert error(refused) == (503, "model_not_ready")
    assert [(one.status_code, one.json()["version"]) for one in answered] == [(200, 1)] * 8
    until(client, lambda: ready(client, "slow") == [2])


def test_a_named_version_that_is_not_there_is_logged_and_said(four, admin, caplog):
    choose(four, admin, [9])
    until(four, lambda: "has no version 9, which is to be loaded by name" in caplog.text)
    assert answering(four) == 4
    refused = four.post(f"{MODEL}/load", headers=admin)
    assert error(refused) == (404, "model_not_found") and "has no version 9" in refused.text


def test_a_model_none_of_whose_named_versions_is_there_says_so_after_a_restart(
    four, admin, make_client, tmp_path
):
    choose(four, admin, [9])
    again = make_client()
    refused = again.post("/predict", json=ROWS)
    assert error(refused) == (404, "model_not_found")
    assert "has no version 9, which is to be loaded; versions here: 1, 2, 3, 4" in refused.text
    document = json.loads((tmp_path / "state" / "repository.json").read_text())
    assert document["versions"] == {"fashion_mnist": [9]}


@pytest.mark.parametrize("policy", [0, "some", [], [0], [1.5], True, {"latest": 2}, 2.5], ids=repr)
def test_what_is_no_policy_is_refused_and_changes_nothing(four, admin, policy, tmp_path):
    response = choose(four, admin, policy)
    assert error(response) == (422, "invalid_input")
    assert 'expected {"versions_loaded": "all"}' in response.json()["error"]["message"]
    assert not (tmp_path / "state" / "repository.json").exists()


def test_it_takes_a_key_and_a_model_that_is_there(four, admin):
    assert error(choose(four, {}, 2)) == (401, "unauthorized")
    response = four.request("PUT", "/models/none/versions", json={"versions_loaded": 2}, headers=admin)
    assert error(response) == (404, "model_not_found")
    body = {"headers": admin, "method": "PUT", "path": f"{MODEL}/versions", "content": b"{"}
    assert error(four.request(**body)) == (400, "malformed_body")


def test_the_command_says_the_same_to_a_running_server(four, tmp_path):
    options = ("--state-dir", str(tmp_path / "state"))
    assert command("versions", "fashion_mnist", *options) == "default\n"
    for written, expected in (("2", [3, 4]), ("all", [1, 2, 3, 4]), ("only=2,1", [1, 2]), ("default", [4])):
        assert command("versions", "fashion_mnist", written, *options) == f"{written}\n"
        until(four, lambda expected=expected: ready(four) == expected)
        assert command("versions", "fashion_mnist", *options) == f"{written}\n"


def test_tritons_configuration_states_the_policy_of_the_model(four, admin):
    def stated() -> dict:
        return four.get("/v2/models/fashion_mnist/config").json()["version_policy"]

    assert stated() == {"latest": {"num_versions": 1}}
    choose(four, admin, [4, 2])
    assert stated() == {"specific": {"versions": [2, 4]}}
    index = four.post("/v2/repository/index").json()
    (reason,) = [entry["reason"] for entry in index if entry["version"] == "1"]
    assert reason == "not loaded: loaded are of the versions those named 2, 4, and any with a label"
