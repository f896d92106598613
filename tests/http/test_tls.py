"""TLS: the same answers, a certificate that is renewed while the server runs, and errors at the start."""

import contextlib
import http.client
import json
import ssl
import time
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from typer.testing import CliRunner

from modiste.__main__ import app
from service.tls import Certificate, CertificateUnreadable
from tests.certificates import write_pair
from tests.http.sockets import Running
from tests.models import expected

PIXELS = np.random.default_rng(5).integers(0, 256, (2, 28, 28), np.uint8)
BODY = json.dumps({"instances": PIXELS.tolist()})


@pytest.fixture
def pair(tmp_path):
    return write_pair(tmp_path / "tls")


@pytest.fixture
def running(settings, pair):
    server = Running(settings.model_copy(update={"tls_certificate": pair[0], "tls_key": pair[1]}))
    yield server
    server.stop()


def connect(port: int, certificate: Path) -> http.client.HTTPSConnection:
    """A client that believes this certificate alone."""
    context = ssl.create_default_context(cafile=str(certificate))
    return http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)


def serial_of(port: int) -> int:
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_the_same_answers_come_by_tls_on_a_connection_that_is_kept(running, pair):
    client = connect(running.port, pair[0])
    for _ in range(3):  # from the second on the head is known
        client.request("POST", "/predict", BODY)
        answer = client.getresponse()
        assert answer.status == 200
        got = [one["probabilities"] for one in json.loads(answer.read())["predictions"]]
        np.testing.assert_allclose(got, expected(PIXELS), atol=1e-5)
        client.request("GET", "/health/ready")
        assert json.loads(client.getresponse().read()) == {"ready": True}
    assert client.sock.version() in ("TLSv1.2", "TLSv1.3")
    client.close()


def test_a_body_in_chunks_goes_through_asgi_by_tls(running, pair):
    client = connect(running.port, pair[0])
    client.request("POST", "/predict", iter([BODY[:50].encode(), BODY[50:].encode()]), encode_chunked=True)
    assert client.getresponse().status == 200
    client.close()


def test_what_is_no_tls_is_ended_and_the_server_goes_on(running, pair):
    with running.connect() as plain:
        plain.socket.sendall(b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP/1.1 200" not in plain.socket.recv(1000)
    client = connect(running.port, pair[0])
    client.request("GET", "/health/live")
    assert client.getresponse().status == 200
    client.close()


def test_a_renewed_certificate_is_shown_to_new_clients_and_old_connections_stay(running, pair):
    client = connect(running.port, pair[0])
    client.request("GET", "/health/live")
    assert client.getresponse().read()
    assert serial_of(running.port) == 1
    write_pair(pair[0].parent, number=2)
    deadline = time.monotonic() + 30
    while serial_of(running.port) != 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    client.request("GET", "/health/live")
    assert client.getresponse().status == 200
    client.close()


def test_a_renewal_that_cannot_be_served_with_is_logged_once_and_the_old_one_stays(pair, caplog):
    certificate = Certificate.open(*pair)
    pair[0].write_text("no certificate")
    for _ in range(3):
        certificate.look_again()
    assert caplog.text.count("goes on to count") == 1
    write_pair(pair[0].parent, number=3)
    with caplog.at_level("INFO"):
        certificate.look_again()
    assert "was renewed" in caplog.text


def test_one_file_may_hold_both(pair):
    pair[0].write_bytes(pair[0].read_bytes() + pair[1].read_bytes())
    Certificate.open(pair[0], None)


def _missing(pair: tuple[Path, Path]) -> None:
    pair[1].unlink()


def _damaged(pair: tuple[Path, Path]) -> None:
    pair[0].write_text("no certificate")


def _of_another(pair: tuple[Path, Path]) -> None:
    old = pair[0].read_bytes()
    write_pair(pair[0].parent)
    pair[0].write_bytes(old)


def _with_a_password(pair: tuple[Path, Path]) -> None:
    write_pair(pair[0].parent, password=b"secret")


SPOILT = [
    pytest.param(_missing, "cannot be read: No such file", id="a file is missing"),
    pytest.param(_damaged, "cannot be served with", id="no certificate"),
    pytest.param(_of_another, "mismatch", id="the key of another"),
    pytest.param(_with_a_password, "encrypted", id="a key with a password"),
]


@pytest.mark.parametrize(("spoil", "says"), SPOILT)
def test_a_certificate_that_cannot_be_served_with_is_an_error_at_the_start(artifacts, pair, spoil, says):
    spoil(pair)
    with pytest.raises(CertificateUnreadable, match=says):
        Certificate.open(*pair)
    names = {"MODISTE_TLS_CERTIFICATE": str(pair[0]), "MODISTE_TLS_KEY": str(pair[1]), "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["serve", str(artifacts), "--port", "0"], env=names)
    assert result.exit_code == 2 and "MODISTE_TLS_CERTIFICATE" in result.output and says in result.output
