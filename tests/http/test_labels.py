"""Labels: pointers to versions that an operator moves, while requests are answered."""

import asyncio
import json

import numpy as np
import pytest
from operating import command, make_key
from watching import until, versions

from modiste.artifact import ONNX
from service.errors import StateUnavailable
from tests.models import expected, write_version

PIXELS = np.arange(784, dtype=np.uint8).reshape(1, 28, 28)
MODEL = "/models/fashion_mnist"


@pytest.fixture
def admin(tmp_path):
    """The headers of an operator."""
    return make_key(tmp_path / "keys.json", "operator", "admin")


@pytest.fixture
def three(artifacts, tmp_path, admin, make_client):
    """An application with versions 1 to 3, of which it keeps the newest loaded."""
    for version in (2, 3):
        write_version(artifacts / "fashion_mnist" / str(version), seed=version)
    return make_client(versions_loaded=1, keys_file=tmp_path / "keys.json")


def point(client, admin, label: str, version: int):
    return client.request("PUT", f"{MODEL}/labels/{label}", json={"version": version}, headers=admin)


def ask(client, label: str):
    return client.post(f"{MODEL}/labels/{label}/predict", json={"instances": PIXELS.tolist()})


def error(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_label_asks_its_version_which_is_loaded_for_it(three, admin):
    assert versions(three, "fashion_mnist")[1]["state"] == "found"
    response = point(three, admin, "stable", 1)
    assert (response.status_code, response.json()) == (
        200,
        {"model": "fashion_mnist", "labels": {"stable": 1}},
    )
    answer = ask(three, "stable").json()
    assert answer["version"] == 1
    np.testing.assert_allclose(answer["predictions"][0]["probabilities"], expected(PIXELS)[0], atol=1e-6)
    shown = versions(three, "fashion_mnist")
    assert (shown[1]["state"], shown[1]["labels"], shown[3]["labels"]) == ("ready", ["stable"], [])
    assert three.get(f"{MODEL}/labels/stable/summary").json()["version"] == 1
    evaluated = three.post(
        f"{MODEL}/labels/stable/evaluate", json={"instances": PIXELS.tolist(), "labels": [3]}
    )
    assert evaluated.json()["version"] == 1


def test_a_version_is_kept_while_it_has_a_label_and_let_go_after(artifacts, three, admin):
    point(three, admin, "stable", 1)
    write_version(artifacts / "fashion_mnist" / "4")
    until(three, lambda: versions(three, "fashion_mnist").get(4, {}).get("state") == "ready")
    until(three, lambda: versions(three, "fashion_mnist")[3]["state"] == "found")
    assert ask(three, "stable").json()["version"] == 1
    assert three.request("DELETE", f"{MODEL}/labels/stable", headers=admin).json()["labels"] == {}
    assert error(ask(three, "stable")) == (404, "label_not_found")
    until(three, lambda: versions(three, "fashion_mnist")[1]["state"] == "found")


def test_labels_survive_a_restart(three, admin, make_client):
    point(three, admin, "stable", 1)
    point(three, admin, "canary", 2)
    again = make_client(versions_loaded=1)
    assert [ask(again, label).json()["version"] for label in ("stable", "canary")] == [1, 2]


def test_under_constant_requests_a_label_moves_and_none_fails_or_gets_a_wrong_answer(three, admin):
    """Versions 1 and 2 are loaded and let go again with every move, for only version 3 is kept besides."""
    right = {version: expected(PIXELS, seed=seed)[0] for version, seed in ((1, 0), (2, 2))}
    point(three, admin, "stable", 1)
    moved = asyncio.Event()
    seen: list[int] = []

    async def keep_asking() -> None:
        while not moved.is_set():
            response = await three.http.post(
                f"{MODEL}/labels/stable/predict", json={"instances": PIXELS.tolist()}
            )
            assert response.status_code == 200, response.text
            answer = response.json()
            got = answer["predictions"][0]["probabilities"]
            np.testing.assert_allclose(got, right[answer["version"]], atol=1e-6)
            seen.append(answer["version"])

    async def keep_moving() -> None:
        try:
            for turn in range(50):
                to = 2 - turn % 2
                path = f"{MODEL}/labels/stable"
                response = await three.http.put(path, json={"version": to}, headers=admin)
                assert response.json()["labels"] == {"stable": to}, response.text
                answer = await three.http.post(f"{path}/predict", json={"instances": PIXELS.tolist()})
                assert answer.json()["version"] == to
        finally:
            moved.set()

    async def together() -> None:
        await asyncio.gather(keep_moving(), *(keep_asking() for _ in range(4)))

    three.run(together())
    assert set(seen) == {1, 2} and len(seen) > 50


@pytest.mark.parametrize(
    ("label", "version", "status", "says"),
    [
        pytest.param("stable", 9, 404, "has no version 9; versions here: 1, 2, 3", id="no such version"),
        pytest.param("1st", 1, 422, "a label is a letter", id="no name"),
        pytest.param("x" * 65, 1, 422, "at most 63 letters", id="a long name"),
        pytest.param("stable", 0, 422, "greater than or equal to 1", id="no version number"),
        pytest.param("stable", "1", 422, "valid integer", id="text"),
        pytest.param("stable", True, 422, "valid integer", id="a boolean"),
    ],
)
def test_a_label_that_cannot_be_set_is_refused_and_says_why(three, admin, label, version, status, says):
    response = point(three, admin, label, version)
    assert response.status_code == status and says in response.json()["error"]["message"]
    assert error(ask(three, label)) == (404, "label_not_found")


def test_a_body_that_is_no_json_or_too_large_is_refused(three, admin):
    put = {"headers": admin, "method": "PUT", "path": f"{MODEL}/labels/stable"}
    assert error(three.request(**put, content=b"{")) == (400, "malformed_body")
    assert error(three.request(**put, content=b" " * 5000)) == (413, "too_large")


def test_a_label_on_a_version_that_failed_is_refused_with_the_reason(artifacts, three, admin):
    point(three, admin, "stable", 3)
    (write_version(artifacts / "fashion_mnist" / "4") / ONNX).write_bytes(b"no graph")
    response = point(three, admin, "stable", 4)
    assert error(response) == (503, "model_failed") and "SHA-256" in response.json()["error"]["message"]
    assert ask(three, "stable").json()["version"] == 3


def test_a_version_that_was_just_published_can_be_labelled_at_once(artifacts, three, admin):
    write_version(artifacts / "fashion_mnist" / "4", seed=4)
    assert point(three, admin, "canary", 4).json()["labels"] == {"canary": 4}
    assert ask(three, "canary").json()["version"] == 4


def test_a_missing_label_and_a_missing_model_are_told_apart(three, admin):
    point(three, admin, "stable", 1)
    missing = ask(three, "canary")
    assert error(missing) == (404, "label_not_found")
    assert "labels here: stable" in missing.json()["error"]["message"]
    assert error(three.post("/models/none/labels/stable/predict", json={})) == (404, "model_not_found")
    response = three.request("DELETE", f"{MODEL}/labels/canary", headers=admin)
    assert error(response) == (404, "label_not_found")


# the document


def test_the_command_moves_labels_of_a_running_server(three, tmp_path):
    options = ("--state-dir", str(tmp_path / "state"))
    assert command("label", "fashion_mnist", "stable=1", "canary=2", *options) == "canary=2\nstable=1\n"
    until(three, lambda: ask(three, "stable").status_code == 200)
    assert ask(three, "stable").json()["version"] == 1
    command("label", "fashion_mnist", "stable=3", "--remove", "canary", *options)
    until(three, lambda: ask(three, "stable").json()["version"] == 3)
    assert command("label", "fashion_mnist", *options) == "stable=3\n"


def test_a_label_that_the_command_points_nowhere_stays_where_it_was_and_is_logged(three, tmp_path, caplog):
    options = ("--state-dir", str(tmp_path / "state"))
    command("label", "fashion_mnist", "stable=1", *options)
    until(three, lambda: ask(three, "stable").status_code == 200)
    command("label", "fashion_mnist", "stable=9", *options)
    until(three, lambda: "no version 9, to which its label stable" in caplog.text)
    assert ask(three, "stable").json()["version"] == 1


def test_a_damaged_document_is_logged_once_keeps_what_was_read_and_is_not_overwritten(
    three, admin, tmp_path, caplog
):
    document = tmp_path / "state" / "repository.json"
    point(three, admin, "stable", 1)
    good = document.read_bytes()
    document.write_bytes(good[:-10])
    until(three, lambda: "repository.json in the state folder is damaged" in caplog.text)
    assert error(point(three, admin, "canary", 2)) == (503, "state_unavailable")
    assert ask(three, "stable").json()["version"] == 1 and error(ask(three, "canary"))[0] == 404
    assert document.read_bytes() == good[:-10]
    document.write_bytes(good)
    until(three, lambda: point(three, admin, "canary", 2).status_code == 200)
    assert caplog.text.count("is damaged") == 1
    assert json.loads(document.read_text())["labels"]["fashion_mnist"] == {"canary": 2, "stable": 1}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('{"schema_version": 2}', id="a later schema"),
        pytest.param('{"labels": {"m": {"1": 1}}}', id="no label"),
        pytest.param('{"labels": {"m": {"a": true}}}', id="no version"),
        pytest.param('{"label": {}}', id="an unknown field"),
    ],
)
def test_a_server_that_starts_with_a_damaged_document_serves_and_says_that_labels_are_not_known(
    make_client, tmp_path, text
):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "repository.json").write_text(text)
    client = make_client()
    assert client.post("/predict", json={"instances": PIXELS.tolist()}).status_code == 200
    assert error(ask(client, "stable")) == (503, "state_unavailable")
    with pytest.raises(StateUnavailable, match=r"damaged.*mend it"):
        client.run(client.parts.operators.label("fashion_mnist", "stable", 1))
    assert (tmp_path / "state" / "repository.json").read_text() == text


def test_a_document_that_is_gone_goes_on_to_count_and_comes_back_with_the_next_change(
    three, admin, tmp_path, caplog
):
    document = tmp_path / "state" / "repository.json"
    point(three, admin, "stable", 1)
    document.unlink()
    until(three, lambda: "is gone" in caplog.text)
    assert ask(three, "stable").json()["version"] == 1
    point(three, admin, "canary", 2)
    assert json.loads(document.read_text())["labels"]["fashion_mnist"] == {"canary": 2, "stable": 1}


def test_a_state_folder_that_cannot_be_written_changes_nothing(make_client, tmp_path, admin):
    (tmp_path / "file").write_text("")
    client = make_client(state_dir=tmp_path / "file", keys_file=tmp_path / "keys.json")
    response = point(client, admin, "stable", 1)
    assert error(response) == (503, "state_unavailable")
    assert "nothing was changed" in response.json()["error"]["message"]
    assert ask(client, "stable").status_code in (404, 503)
