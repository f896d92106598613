"""Several workers of one server speak TLS, and all of them show a renewed certificate."""

import ssl

import httpx
import numpy as np
from cryptography import x509

from tests.certificates import write_pair
from tests.models import write_version


def serial_of(server) -> int:
    pem = ssl.get_server_certificate((server.http.base_url.host, server.http.base_url.port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_workers_speak_tls_and_follow_a_renewal(serve, tmp_path):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    certificate, key = write_pair(tmp_path / "tls", number=1)
    names = {"MODISTE_TLS_CERTIFICATE": str(certificate), "MODISTE_TLS_KEY": str(key)}
    server = serve(tmp_path / "artifacts", "--workers", "2", **names)
    assert server.http.base_url.scheme == "https"
    server.http.close()
    known = ssl.create_default_context(cafile=str(certificate))
    server.http = httpx.Client(base_url=server.http.base_url, verify=known, timeout=60, trust_env=False)
    server.wait_ready()
    rows = {"instances": np.zeros((1, 28, 28)).tolist()}
    assert server.http.post("/predict", json=rows).status_code == 200
    write_pair(tmp_path / "tls", number=2)
    # New connections come to either worker: both must show it.
    server.until(lambda: [serial_of(server) for _ in range(10)] == [2] * 10)
    assert server.http.post("/predict", json=rows).status_code == 200
    assert server.terminate() == 0
