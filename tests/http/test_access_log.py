"""The log as JSON and the access log: one object a line, and nothing in it that is a client's secret."""

import json
import logging
import re
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from operating import make_key

from service import logs
from service.access_log import AccessLog
from service.observing import Ended
from service.server import configure_logging
from service.statistics.snapshots import Place
from tests.http.sockets import Running
from tests.models import write_version

PIXELS = np.full((2, 28, 28), 137, np.uint8)
RAW = "content-type: application/octet-stream"
PREDICT = f"POST /predict HTTP/1.1\n{RAW}"


class Lines(logging.Handler):
    """Keeps what a formatter makes of all that is logged."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def objects(self) -> list[dict]:
        return [json.loads(line) for line in self.lines]

    @property
    def requests(self) -> list[dict]:
        """The lines of the access log, without what differs from run to run."""
        found = [one for one in self.objects if one["logger"] == "service.access_log"]
        return [{key: one[key] for key in ("method", "path", "status", "model", "version")} for one in found]


@pytest.fixture
def lines(request) -> Iterator[Lines]:
    handler = Lines(getattr(request, "param", None) or logs.JsonLines(3))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture(params=["", "*"], ids=["past ASGI", "through middleware"])
def running(settings, request, lines) -> Iterator[Running]:
    changes = {"access_log": True, "cors_origins": request.param, "read_timeout_ms": 500}
    server = Running(settings.model_copy(update=changes))
    yield server
    server.stop()


def told(method, path, status, served=True) -> dict:
    version = {"model": "fashion_mnist", "version": 1} if served else {"model": None, "version": None}
    return {"method": method, "path": path, "status": status, **version}


def test_each_request_is_one_line_whoever_answers_it(running, lines):
    asked = [
        (PREDICT, PIXELS.tobytes(), False),
        (PREDICT, PIXELS.tobytes(), False),  # with a head that is known by now
        ("GET /health/live?a=secret HTTP/1.1", b"", False),
        (PREDICT, PIXELS.tobytes(), False),  # and still is
        (f"POST /models/fashion_mnist/predict?top_k=1 HTTP/1.1\n{RAW}", PIXELS.tobytes(), False),
        (PREDICT, PIXELS.tobytes(), True),
        (PREDICT, b"short", False),
        (PREDICT, b"short", True),
        ("POST /models/none/predict HTTP/1.1", b"{}", False),
        ("GET /nowhere HTTP/1.1", b"", False),
    ]
    with running.connect() as client:
        for head, body, chunked in asked:
            client.send(head, body, chunked=chunked).answer()
    with running.connect() as client:
        client.send("GARBAGE / HTTP/1.1").answer()
    with running.connect() as client:
        client.socket.sendall(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc")
        assert client.answer()[0] == 408
    running.stop()
    late = None if running.asgi_only else 408
    assert lines.requests == [
        told("POST", "/predict", 200),
        told("POST", "/predict", 200),
        told("GET", "/health/live", 200, False),
        told("POST", "/predict", 200),
        told("POST", "/models/fashion_mnist/predict", 200),
        told("POST", "/predict", 200),
        told("POST", "/predict", 422, False),
        told("POST", "/predict", 422, False),
        told("POST", "/models/none/predict", 404, False),
        told("GET", "/nowhere", 404, False),
        told(None, None, 400, False),
        told("POST", "/predict", late, False),
    ]


def test_a_line_has_the_id_that_the_client_gave_and_a_time(running, lines):
    with running.connect() as client:
        client.send(f"{PREDICT}\nx-request-id: mine-1", PIXELS.tobytes()).answer()
        _, headers, _ = client.send("GET /models HTTP/1.1").answer()
    running.stop()
    first, second = (one for one in lines.objects if one["logger"] == "service.access_log")
    assert (first["request_id"], second["request_id"]) == ("mine-1", headers["x-request-id"])
    assert first["ms"] > 0 and first["worker"] == 3 and first["level"] == "info"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first["time"])


def test_a_client_that_leaves_is_told_of_once(settings, lines):
    write_version(settings.artifacts_dir / "fashion_mnist" / "1", slowness=60)
    running = Running(settings.model_copy(update={"access_log": True}))
    with running.connect() as client:
        client.send(PREDICT, PIXELS.tobytes())
        running.wait_for_rows(2)
    running.wait_for_rows(0)
    running.stop()
    assert lines.requests == [told("POST", "/predict", None)]


@pytest.mark.parametrize("lines", [logs.JsonLines(), logs.text(True)], ids=["json", "text"], indirect=True)
def test_no_line_holds_a_key_a_query_pixels_or_the_name_of_a_file(settings, tmp_path, lines):
    file = tmp_path / "keys.json"
    key = make_key(file, "operator", "admin", "predict", "evaluate")["authorization"].split()[1]
    running = Running(settings.model_copy(update={"access_log": True, "keys_file": file}))
    part = b'--x\r\ncontent-disposition: form-data; name="f"; filename="/home/me/face.npy"\r\n\r\n137137\r\n--x--\r\n'
    asked = [
        ("POST /predict?note=confidential HTTP/1.1", b'{"instances": [[137137]]}'),
        ("POST /predict HTTP/1.1\ncontent-type: multipart/form-data; boundary=x", part),
        ("POST /evaluate HTTP/1.1", b'{"dataset": "/etc/confidential"}'),
        ("PUT /models/fashion_mnist/labels/stable HTTP/1.1", b'{"version": 1}'),
        ("PUT /models/fashion_mnist/labels/stable HTTP/1.1", b'{"version": 137137}'),
        (PREDICT, PIXELS.tobytes()),
    ]
    for authorization in (f"Bearer {key}", f"Bearer {key}wrong", f"Basic {key}"):
        for chunked in (False, True):
            for head, body in asked:
                with running.connect() as client:
                    client.send(f"{head}\nauthorization: {authorization}", body, chunked=chunked).answer()
    with running.connect() as client:  # refused before anybody reads it
        client.send(f"GET / HTTP/1.1\nauthorization: {key}\nx-large: {'137137' * 20_000}").answer()
    running.stop()
    written = "\n".join(lines.lines)
    assert written.count("/predict") > 15 and "label stable of fashion_mnist points to version 1" in written
    for secret in (
        key,
        "confidential",
        "137137",
        "face.npy",
        "filename",
        str(tmp_path),
        "[137",
        "octet-stream",
    ):
        assert secret not in written, secret


def test_a_failure_of_the_server_is_logged_with_its_request_and_its_traceback(make_client, lines):
    client = make_client(access_log=True)

    def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    client.web.add_route("/broken", broken)
    assert client.get("/broken", headers={"x-request-id": "mine-2"}).status_code == 500
    (failure,) = [one for one in lines.objects if one["level"] == "error"]
    assert failure["request_id"] == "mine-2" and "RuntimeError: unforeseen" in failure["exception"]
    assert lines.requests == [told("GET", "/broken", 500, False)]


def test_what_is_logged_in_the_course_of_a_request_has_its_id(make_client, tmp_path, lines):
    admin = make_key(tmp_path / "keys.json", "operator", "admin")
    client = make_client(keys_file=tmp_path / "keys.json")
    headers = {**admin, "x-request-id": "mine-3"}
    assert client.post("/models/fashion_mnist/load", headers=headers).status_code == 200
    (loaded,) = [one for one in lines.objects if one["message"] == "key operator: fashion_mnist is loaded"]
    assert loaded["request_id"] == "mine-3"


def test_without_the_setting_nothing_is_logged_of_a_request(settings, lines):
    running = Running(settings)
    with running.connect() as client:
        client.send(PREDICT, PIXELS.tobytes()).answer()
        client.send("GET /nowhere HTTP/1.1").answer()
    running.stop()
    assert lines.requests == []


def test_above_its_level_nothing_is_logged_of_a_request(lines):
    logging.getLogger().setLevel(logging.WARNING)
    AccessLog().ended(Ended("GET", "/", 200, "id", {}, 1.0, 1.5))
    assert lines.lines == []


@pytest.mark.parametrize("path", ["/a\nb", "/\x1b[31m", "/é\u2028", "/" + "x" * 5000, "/half\ud83d"])
def test_a_path_stays_on_one_line_of_some_length(path, lines):
    AccessLog().ended(Ended("GET", path, 404, "id", {}, 1.0, 1.5))
    (line,) = lines.lines
    assert line.isprintable() and line.isascii() and len(line) < 1200
    assert json.loads(line)["ms"] == 500


def test_json_is_written_by_the_setting_with_the_number_of_the_worker(settings, tmp_path, capsys):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        changed = settings.model_copy(update={"log_format": "json", "http_workers": 2})
        configure_logging(changed, Place(tmp_path, 1, 2))
        logging.getLogger("a").warning("half a character: \ud83d, and %s", "an argument")
        for handler in root.handlers:
            assert isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
        (said,) = map(json.loads, capsys.readouterr().err.splitlines())
        assert (said["logger"], said["level"], said["worker"]) == ("a", "warning", 1)
        assert said["message"].endswith(", and an argument") and "request_id" not in said
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level)
