"""What browsers are told of answers: of each by the server itself, of pages by a policy."""

import base64
import hashlib
import re

import httpx
import numpy as np
import pytest

from tests.http.sockets import Running

BODY = np.zeros((1, 28, 28), np.uint8).tobytes()
OCTETS = "content-type: application/octet-stream"


@pytest.fixture
def running(settings):
    server = Running(settings)
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("head", "body", "chunked"),
    [
        pytest.param(f"POST /predict HTTP/1.1\n{OCTETS}", BODY, False, id="past ASGI"),
        pytest.param(f"POST /predict HTTP/1.1\n{OCTETS}", BODY, True, id="through ASGI"),
        pytest.param("POST /predict HTTP/1.1", b"{", False, id="a failure"),
        pytest.param("GET /models HTTP/1.1", b"", False, id="a route"),
        pytest.param("GET /nothing HTTP/1.1", b"", False, id="no route"),
        pytest.param("GET /docs HTTP/1.1", b"", False, id="a page"),
        pytest.param("NO HTTP", b"", False, id="no request"),
    ],
)
def test_every_answer_says_what_it_is_and_is_not_kept(running, head, body, chunked):
    with running.connect() as client:
        for _ in range(1 if head == "NO HTTP" else 2):
            headers = client.send(head, body, chunked=chunked).answer()[1]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/page/app.js"])
def test_the_page_has_one_policy_and_is_asked_for_again_only_where_it_changed(running, path):
    headers = httpx.get(f"http://127.0.0.1:{running.port}{path}", trust_env=False).headers
    assert headers.get_list("cache-control") == ["no-cache"]
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert len(headers.get_list("content-security-policy")) == 1


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect"])
def test_a_page_runs_the_scripts_that_stand_in_it_and_no_others_and_is_shown_in_no_frame(client, path):
    response = client.get(path)
    assert response.status_code == 200
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    allowed = policy["script-src"].split()
    assert "'unsafe-inline'" not in allowed and "'unsafe-eval'" not in allowed
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", response.text, re.DOTALL)
    own = [script for script in scripts if script]
    assert own
    for script in own:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
    assert response.headers["referrer-policy"] == "no-referrer"
    for address in re.findall(r'(?:src|href)="([^"]+)"', response.text):
        assert address.startswith("/"), "it loads something from elsewhere"


def test_what_is_no_page_has_no_policy_of_pages(client):
    assert "content-security-policy" not in client.get("/models").headers
