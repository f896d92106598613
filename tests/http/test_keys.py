"""Keys: who may manage models, and who may ask, where keys say so."""

import json
import stat

import numpy as np
import pytest
from operating import command, make_key
from pydantic import ValidationError
from typer.testing import CliRunner

from modiste.__main__ import app
from service.dialects.native import Native
from service.errors import Forbidden, Unauthorized
from service.keys import Keys, KeysUnreadable, Scope
from service.predictor import Predictor
from service.settings import Settings

ROWS = {"instances": np.zeros((1, 28, 28)).tolist()}
LABELLED = {**ROWS, "labels": [0]}
LABEL = "/models/fashion_mnist/labels/stable"
ADMIN = [
    pytest.param("PUT", LABEL, id="set a label"),
    pytest.param("DELETE", LABEL, id="remove a label"),
    pytest.param("POST", "/models/fashion_mnist/load", id="load"),
    pytest.param("POST", "/models/fashion_mnist/unload", id="unload"),
]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.json"


def error(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def as_bytes(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


# the admin routes


@pytest.mark.parametrize(("method", "path"), ADMIN)
def test_admin_routes_are_closed_where_no_key_is_set(client, method, path):
    response = client.request(method, path, headers={"authorization": "Bearer x"})
    assert error(response) == (403, "forbidden")
    assert response.json()["error"]["message"] == (
        "admin routes are closed: this server was started without a file of keys, MODISTE_KEYS_FILE"
    )


@pytest.mark.parametrize(("method", "path"), ADMIN)
def test_admin_routes_need_a_key_with_the_scope(make_client, file, tmp_path, method, path):
    make_key(file, "operator", "admin")
    other = make_key(file, "client", "predict", "evaluate")
    client = make_client(keys_file=file)
    for headers in (
        {},
        {"authorization": "Bearer modiste_wrong"},
        {"authorization": "Basic eDp5"},
        {"authorization": "Bearer "},
    ):
        # The key is asked for before the body is looked at.
        response = client.request(method, path, headers=headers, content=b"{")
        assert error(response) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
        assert "wrong" not in response.text
    response = client.request(method, path, headers=other)
    assert error(response) == (403, "forbidden") and "scope admin" in response.json()["error"]["message"]
    assert not (tmp_path / "state" / "repository.json").exists()


def test_several_keys_hold_one_scope_so_that_a_new_one_replaces_an_old_one(make_client, file):
    old = make_key(file, "old", "admin")
    new = make_key(file, "new", "admin")
    client = make_client(keys_file=file)
    for headers in (old, new):
        put = client.request("PUT", LABEL, json={"version": 1}, headers=headers)
        assert put.status_code == 200


# predictions and evaluations


@pytest.mark.parametrize(
    ("scope", "guarded", "open_path"),
    [
        ("predict", ("/predict", ROWS), ("/evaluate", LABELLED)),
        ("evaluate", ("/evaluate", LABELLED), ("/predict", ROWS)),
    ],
)
def test_a_scope_is_needed_as_soon_as_a_key_has_it(make_client, file, scope, guarded, open_path):
    make_key(file, "operator", "admin")
    headers = make_key(file, "client", scope)
    client = make_client(keys_file=file)
    path, body = guarded
    refused = client.post(path, json=body)
    assert error(refused) == (401, "unauthorized") and refused.headers["www-authenticate"] == "Bearer"
    assert client.post(path, json=body, headers=headers).status_code == 200
    assert client.post(open_path[0], json=open_path[1]).status_code == 200


def test_without_keys_of_their_scopes_predictions_and_evaluations_are_open(make_client, file):
    make_key(file, "operator", "admin")
    client = make_client(keys_file=file)
    assert client.post("/predict", json=ROWS).status_code == 200
    assert client.post("/evaluate", json=LABELLED).status_code == 200


@pytest.mark.parametrize(
    ("required", "closed", "open_paths"),
    [
        (
            "predict",
            ["/predict", "/v1/models/fashion_mnist:predict", "/v2/models/fashion_mnist/infer"],
            ["/evaluate"],
        ),
        ("evaluate", ["/evaluate"], ["/predict"]),
        (" predict , evaluate", ["/predict", "/evaluate"], []),
    ],
)
def test_a_setting_closes_them_whatever_the_file_holds(make_client, file, required, closed, open_paths):
    make_key(file, "operator", "admin")
    client = make_client(keys_file=file, require_keys=required)
    bodies = {"/evaluate": LABELLED}
    for path in closed:
        assert client.post(path, json=bodies.get(path, ROWS)).status_code == 401
    for path in open_paths:
        assert client.post(path, json=bodies.get(path, ROWS)).status_code == 200
    assert client.get("/health/ready").status_code == 200


def test_they_stay_closed_when_the_last_key_is_removed(file):
    clock = Clock()
    headers = as_bytes(make_key(file, "client", "predict"))
    keys = Keys.open(file, clock, required=["predict"])
    assert keys.require(headers, Scope.PREDICT) == "client"
    command("key", "remove", "client", "--file", str(file))
    clock.now += 1
    with pytest.raises(Unauthorized):
        keys.require(headers, Scope.PREDICT)
    assert keys.require({}, Scope.EVALUATE) is None


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"require_keys": "predict,admin"}, "may name predict and evaluate"),
        ({"require_keys": "everything"}, "may name predict and evaluate"),
        ({"require_keys": "predict", "keys_file": None}, "needs MODISTE_KEYS_FILE"),
    ],
)
def test_what_cannot_be_required_stops_the_start(file, values, says):
    with pytest.raises(ValidationError, match=says):
        Settings(**{"keys_file": file, **values})


def test_a_variable_that_is_set_to_nothing_counts_as_not_set(monkeypatch):
    """A compose file hands on what is set, and nothing where it is not."""
    for name in ("KEYS_FILE", "REQUIRE_KEYS", "HTTP_PORT", "TLS_CERTIFICATE"):
        monkeypatch.setenv(f"MODISTE_{name}", "")
    assert Settings() == Settings(keys_file=None, require_keys="", http_port=8000, tls_certificate=None)


# the file


def test_the_file_holds_no_key_and_says_who_has_which(file):
    key = make_key(file, "operator", "admin", "predict")["authorization"].removeprefix("Bearer ")
    assert len(key) > 50 and key not in file.read_text() and key[10:30] not in file.read_text()
    listed = command("key", "list", "--file", str(file))
    assert listed.startswith("operator  predict,admin  20")
    assert not stat.S_IMODE(file.stat().st_mode) & 0o022


def test_keys_that_come_and_go_count_from_the_next_look_on(file):
    clock = Clock()
    old = as_bytes(make_key(file, "old", "admin"))
    keys = Keys.open(file, clock)
    new = as_bytes(make_key(file, "new", "admin"))
    command("key", "remove", "old", "--file", str(file))
    assert keys.require(old, Scope.ADMIN) == "old"
    clock.now += 1
    assert keys.require(new, Scope.ADMIN) == "new"
    with pytest.raises(Unauthorized):
        keys.require(old, Scope.ADMIN)
    command("key", "remove", "new", "--file", str(file))
    clock.now += 1
    with pytest.raises(Forbidden, match="no key is set"):
        keys.require(new, Scope.ADMIN)


@pytest.mark.parametrize("spoil", [lambda file: file.write_text("{"), lambda file: file.unlink()])
def test_a_damaged_change_keeps_the_keys_and_is_logged_once(file, caplog, spoil):
    clock = Clock()
    headers = as_bytes(make_key(file, "operator", "admin"))
    keys = Keys.open(file, clock)
    spoil(file)
    for _ in range(3):
        clock.now += 1
        assert keys.require(headers, Scope.ADMIN) == "operator"
    assert caplog.text.count("go on to count") == 1
    second = as_bytes(make_key(file.with_name("new.json"), "second", "admin"))
    file.with_name("new.json").replace(file)
    clock.now += 1
    assert keys.require(second, Scope.ADMIN) == "second"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(None, "cannot be read: No such file", id="missing"),
        pytest.param("", "damaged at document", id="empty"),
        pytest.param('{"schema_version": 2, "keys": []}', "damaged at schema_version", id="a later schema"),
        pytest.param('{"keys": [{"name": "a"}]}', r"damaged at keys\.0\.sha256", id="no hash"),
        pytest.param("key", "twice", id="one name twice"),
    ],
)
def test_a_file_of_keys_that_cannot_be_read_is_not_taken_for_none(file, text, says):
    if says == "twice":
        make_key(file, "operator", "admin")
        document = json.loads(file.read_text())
        file.write_text(json.dumps(document | {"keys": document["keys"] * 2}))
        says = "two keys have one name"
    elif text is not None:
        file.write_text(text)
    with pytest.raises(KeysUnreadable, match=says):
        Keys.open(file)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["new", "operator", "--scope", "admin"], "There is a key operator", id="a name twice"),
        pytest.param(["new", "other", "--scope", "root"], "expected one of predict", id="no scope"),
        pytest.param(["new", "two words", "--scope", "admin"], "expected letters", id="no name"),
        pytest.param(["remove", "other"], "There is no key other", id="no such key"),
    ],
)
def test_a_command_that_cannot_be_done_says_so_and_changes_nothing(file, words, says):
    make_key(file, "operator", "admin")
    before = file.read_bytes()
    result = CliRunner().invoke(app, ["key", *words, "--file", str(file)], env={"COLUMNS": "200"})
    assert result.exit_code != 0 and says in result.output
    assert file.read_bytes() == before


def test_removing_the_last_key_of_a_scope_says_that_it_is_open_now(file):
    make_key(file, "client", "predict")
    result = CliRunner().invoke(app, ["key", "remove", "client", "--file", str(file)])
    assert "No key has the scope predict now" in result.output


def test_a_connection_that_is_kept_asks_again_for_every_request(make_client, file):
    """A head that repeats is not parsed again: the key in it may have been removed since."""
    headers = as_bytes(make_key(file, "client", "predict"))
    make_key(file, "other", "predict")
    clock = Clock()
    parts = make_client().parts
    keys = Keys.open(file, clock)
    predictor = Predictor(
        parts.registry, [Native(parts.bodies)], keys, max_body_bytes=10_000, default_timeout_s=10
    )
    asked = predictor.ask(predictor.match("/predict"), b"", headers)
    body = json.dumps(ROWS).encode()
    assert predictor.decode(asked, body) is not None
    command("key", "remove", "client", "--file", str(file))
    clock.now += 1
    with pytest.raises(Unauthorized):
        predictor.decode(asked, body)


def test_keys_are_in_the_documentation(client):
    document = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, method in ((LABEL, "put"), (LABEL, "delete"), ("/models/fashion_mnist/unload", "post")):
        path = path.replace("fashion_mnist", "{name}").replace("stable", "{label}")
        operation = document["paths"][path][method]
        assert operation["security"] == [{"key": []}] and {"401", "403", "404"} <= set(operation["responses"])
    schemas = document["components"]["schemas"]
    for named in _references(document):
        assert named.removeprefix("#/components/schemas/") in schemas


def _references(part) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(_references, part.values()))
    return set().union(*map(_references, part)) if isinstance(part, list) else set()
