"""A model whose engine fails: its callers get errors of their own, and no other model notices."""

import numpy as np
import pytest

from tests.models import expected, write_failing

GOOD = np.random.default_rng(6).integers(0, 256, (3, 28, 28), np.uint8)
GOOD[:, 0, 0] = 5
BAD = GOOD.copy()
BAD[:, 0, 0] = 200
HEADERS = {"content-type": "application/octet-stream"}


@pytest.fixture(params=[0.25, 0], ids=["in the loop", "in a thread"])
def client(make_client, artifacts, request):
    write_failing(artifacts / "failing" / "1")
    return make_client(inline_compute_ms=request.param, default_model="fashion_mnist")


def asked(pixels: np.ndarray) -> dict:
    return {"content": pixels.tobytes(), "headers": HEADERS}


def test_its_failures_are_its_own(client):
    for _ in range(3):
        bad = client.post("/models/failing/predict", **asked(BAD))
        assert (bad.status_code, bad.json()["error"]["code"]) == (500, "model_failure")
        assert "Gather" not in bad.text  # what the engine said is for the log
        for path in ("/models/failing/predict", "/predict"):
            good = client.post(path, **asked(GOOD))
            got = [one["probabilities"] for one in good.json()["predictions"]]
            np.testing.assert_allclose(got, expected(GOOD), atol=1e-5)
    assert client.get("/health/ready").status_code == 200
    assert client.post("/v1/models/failing:predict", json={"instances": BAD.tolist()}).status_code == 500
    tensor = {"name": "pixels", "shape": [3, 28, 28], "datatype": "UINT8", "data": BAD.reshape(-1).tolist()}
    assert client.post("/v2/models/failing/infer", json={"inputs": [tensor]}).status_code == 500


def test_who_shares_its_batch_and_who_asks_another_model_gets_an_answer(client):
    responses = client.post_all("/models/failing/predict", [asked(GOOD), asked(BAD)] * 5)
    assert [response.status_code for response in responses] == [200, 500] * 5
    for response in responses[::2]:
        got = [one["probabilities"] for one in response.json()["predictions"]]
        np.testing.assert_allclose(got, expected(GOOD), atol=1e-5)
    assert {response.status_code for response in client.post_all("/predict", [asked(GOOD)] * 5)} == {200}
