"""After many bad requests, neither the log nor an answer holds a key, a pixel or a path of the server's."""

import gzip
import json
import socket

import numpy as np

from tests.http.operating import make_key
from tests.models import write_version

MARK = 123.4567891  # a pixel that stands nowhere else
MARKED = "123.4567891"
SECRET_NAME = "geheimnis"
NOWHERE = "/nowhere/that/exists"


def bad_requests(key: str) -> list[tuple[str, str, dict[str, str], bytes]]:
    bearer = {"authorization": f"Bearer {key}"}
    wrong = {"authorization": f"Bearer {key}x"}
    row = np.full((28, 28), MARK).tolist()
    marked = json.dumps({"instances": [row]}).encode()
    ragged = json.dumps({"instances": [row, row[:-1]]}).encode()
    broken = marked[:-5]
    twice = b'{"instances": [%b], "instances": "%b"}' % (MARKED.encode(), SECRET_NAME.encode())
    tensor = {"name": SECRET_NAME, "shape": [1], "datatype": MARKED, "data": [MARK]}
    infer = json.dumps({"id": SECRET_NAME, "inputs": [tensor]}).encode()
    bodies = [ragged, broken, twice, infer, marked.replace(b"]", b"", 1), gzip.compress(marked)[:-3]]
    paths = [
        "/predict",
        "/evaluate",
        "/v1/models/fashion_mnist:predict",
        "/v2/models/fashion_mnist/infer",
        f"/predict?top_k={MARKED}",
    ]
    asked = [
        ("POST", path, headers, body) for path in paths for headers in (bearer, wrong) for body in bodies
    ]
    for kind in ("application/x-npy", "image/png", "multipart/form-data; boundary=x", "text/plain"):
        asked.append(("POST", "/predict", {**bearer, "content-type": kind}, marked))
    asked.append(("POST", "/predict", {**bearer, "content-encoding": "gzip"}, marked))
    asked.append(
        ("POST", "/predict", {**bearer, "x-timeout-ms": MARKED, "x-request-id": f"a b {key}"}, marked)
    )
    asked.append(("POST", "/evaluate", bearer, json.dumps({"dataset": f"..{NOWHERE}"}).encode()))
    asked.append(
        ("POST", "/evaluate", bearer, json.dumps({"instances": [row], "labels": [SECRET_NAME]}).encode())
    )
    asked.append(("PUT", "/models/fashion_mnist/labels/x", bearer, json.dumps({"version": MARK}).encode()))
    asked.append(("PUT", "/models/fashion_mnist/labels/x", wrong, b"{"))
    asked.append(("POST", "/v2/repository/models/fashion_mnist/load", bearer, broken))
    asked.append(("GET", f"/static-offline-docs/..%2f..{NOWHERE}", bearer, b""))
    return asked


def test_neither_the_log_nor_an_answer_repeats_what_is_nobody_elses(serve, tmp_path):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    (tmp_path / "artifacts" / "broken" / "1").mkdir(parents=True)
    (tmp_path / "artifacts" / "broken" / "1" / "model.keras").write_bytes(b"no model")
    bearer = make_key(tmp_path / "keys.json", "operator", "predict", "evaluate", "admin")["authorization"]
    key = bearer.removeprefix("Bearer ")
    server = serve(
        tmp_path / "artifacts",
        MODISTE_KEYS_FILE=str(tmp_path / "keys.json"),
        MODISTE_DEFAULT_MODEL="fashion_mnist",
        MODISTE_LOG_LEVEL="debug",
    ).wait_ready()
    answers = []
    for method, path, headers, body in bad_requests(key):
        answer = server.http.request(method, path, headers=headers, content=body)
        assert 400 <= answer.status_code < 500, (path, answer.text)
        answers.append(answer.text + str(dict(answer.headers)))
    answers.append(server.http.get("/models").text)
    for raw in (b"POST /predict HTTP/1.1\r\nx\x00y: %b\r\n\r\n" % key.encode(), b"%b\r\n\r\n" % key.encode()):
        with socket.create_connection((server.http.base_url.host, server.http.base_url.port), 30) as plain:
            plain.sendall(raw)
            answers.append(plain.recv(65536).decode())
    assert server.terminate() == 0
    log = "".join(server.log)
    assert "Serving" in log
    for secret in (key, key[8:30], MARKED, SECRET_NAME, NOWHERE, "Traceback"):
        assert secret not in log
    for answer in answers:
        for secret in (key[8:30], MARKED, str(tmp_path), "Traceback", "site-packages"):
            assert secret not in answer
