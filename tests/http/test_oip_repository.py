"""Loading and unloading as Triton's client asks for it: behind a key, and true when the answer is there."""

import asyncio

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

from tests.http.operating import make_key
from tests.http.sockets import Running
from tests.models import expected, write_version

PIXELS = np.random.default_rng(1).integers(0, 256, (2, 28, 28), np.uint8)
FASHION = "fashion_mnist"


@pytest.fixture
def keys(tmp_path):
    return make_key(tmp_path / "keys.json", "ops", "admin")


@pytest.fixture
def running(settings, keys, tmp_path):
    server = Running(settings.model_copy(update={"keys_file": tmp_path / "keys.json"}))
    yield server
    server.stop()


@pytest.fixture
def client(running):
    with triton.InferenceServerClient(f"127.0.0.1:{running.port}") as made:
        yield made


def infer(client) -> np.ndarray:
    pixels = triton.InferInput("pixels", PIXELS.shape, "UINT8")
    pixels.set_data_from_numpy(PIXELS)
    return client.infer(FASHION, [pixels]).as_numpy("output")


def states(client) -> dict[str, str]:
    return {one["version"]: one["state"] for one in client.get_model_repository_index()}


def test_a_model_goes_and_comes_back_with_what_is_new(client, keys, artifacts):
    assert "model_repository" in client.get_server_metadata()["extensions"]
    client.unload_model(FASHION, headers=keys)
    assert not client.is_model_ready(FASHION) and states(client) == {"1": "UNAVAILABLE"}
    with pytest.raises(InferenceServerException, match="unloaded"):
        infer(client)
    write_version(artifacts / FASHION / "2", seed=2)
    client.load_model(FASHION, headers=keys)
    assert client.is_model_ready(FASHION) and states(client)["2"] == "READY"
    np.testing.assert_allclose(infer(client), expected(PIXELS, seed=2), atol=1e-5)


@pytest.mark.parametrize("headers", [None, {"authorization": "Bearer nothing"}])
def test_without_its_key_nothing_is_loaded_or_unloaded(client, headers):
    for call in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException) as caught:
            call(FASHION, headers=headers)
        assert caught.value.status() == "401"
    assert client.is_model_ready(FASHION)


def test_where_no_key_is_set_the_extension_is_not_there(make_client):
    client = make_client()
    assert "model_repository" not in client.get("/v2").json()["extensions"]
    response = client.post(f"/v2/repository/models/{FASHION}/unload")
    assert (response.status_code, list(response.json())) == (403, ["error"])


def test_nothing_can_be_uploaded(client, keys):
    for given in ({"config": "{}"}, {"config": "{}", "files": {"file:1/model.keras": b"x"}}):
        with pytest.raises(InferenceServerException, match="no file is taken"):
            client.load_model(FASHION, headers=keys, **given)
    for call in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException, match="no model 'nothing'"):
            call("nothing", headers=keys)


def test_the_asyncio_client_too(running, keys):
    async def main() -> None:
        async with triton_aio.InferenceServerClient(f"127.0.0.1:{running.port}") as client:
            await client.unload_model(FASHION, headers=keys)
            assert not await client.is_model_ready(FASHION)
            await client.load_model(FASHION, headers=keys)
            assert await client.is_model_ready(FASHION)

    asyncio.run(main())
