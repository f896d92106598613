"""The Open Inference Protocol as Triton's own client speaks it: every call that it has, unmodified."""

import asyncio
from collections.abc import Iterator

import ml_dtypes
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

from modiste import __version__
from service.settings import Settings
from tests.http.sockets import Running
from tests.models import CLASS_NAMES, expected, expected_pair, write_pair, write_version

PIXELS = np.random.default_rng(1).integers(0, 256, (5, 28, 28), np.uint8)
IMAGE = np.random.default_rng(2).normal(0, 1, (5, 4)).astype(np.float32)
COUNT = np.random.default_rng(3).integers(0, 9, (5, 1)).astype(np.int32)
FASHION = "fashion_mnist"


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("oip")
    write_version(folder / "artifacts" / FASHION / "1")
    write_version(folder / "artifacts" / FASHION / "2", seed=2)
    write_pair(folder / "artifacts" / "pair" / "1")
    server = Running(Settings(artifacts_dir=folder / "artifacts", state_dir=folder / "state"))
    yield server
    server.stop()


@pytest.fixture
def client(running) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{running.port}", concurrency=4) as made:
        yield made


def pixels(rows: np.ndarray, datatype: str, binary: bool = True) -> list[triton.InferInput]:
    one = triton.InferInput("pixels", rows.shape, datatype)
    one.set_data_from_numpy(rows, binary_data=binary)
    return [one]


def pair(binary: tuple[bool, bool]) -> list[triton.InferInput]:
    image, count = (
        triton.InferInput("image", IMAGE.shape, "FP32"),
        triton.InferInput("count", (5, 1), "INT32"),
    )
    image.set_data_from_numpy(IMAGE, binary_data=binary[0])
    count.set_data_from_numpy(COUNT, binary_data=binary[1])
    return [count, image]


def test_server_and_models_describe_themselves(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready(FASHION) and client.is_model_ready(FASHION, "1")
    assert not client.is_model_ready("nothing") and not client.is_model_ready(FASHION, "9")
    metadata = client.get_server_metadata()
    assert (metadata["name"], metadata["version"]) == ("modiste", __version__)
    assert {"binary_tensor_data", "classification", "statistics"} <= set(metadata["extensions"])
    assert client.get_model_metadata(FASHION) == {
        "name": FASHION,
        "versions": ["1", "2"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, 28, 28]}],
        "outputs": [{"name": "output", "datatype": "FP32", "shape": [-1, 10]}],
    }
    assert [one["datatype"] for one in client.get_model_metadata("pair", "1")["inputs"]] == ["FP32", "INT32"]


def test_the_configuration_says_what_generators_of_load_read(client):
    config = client.get_model_config(FASHION, "1")
    assert (config["name"], config["max_batch_size"]) == (FASHION, 256)
    assert config["input"] == [{"name": "pixels", "data_type": "TYPE_FP32", "dims": [28, 28]}]
    assert config["output"] == [{"name": "output", "data_type": "TYPE_FP32", "dims": [10]}]


def test_the_index_lists_every_version(client):
    states = {(one["name"], one["version"]): one["state"] for one in client.get_model_repository_index()}
    assert states == {(FASHION, "1"): "READY", (FASHION, "2"): "READY", ("pair", "1"): "READY"}


@pytest.mark.parametrize("binary_out", [True, False], ids=["binary out", "json out"])
@pytest.mark.parametrize("binary_in", [True, False], ids=["binary in", "json in"])
@pytest.mark.parametrize(
    ("datatype", "dtype"),
    [("UINT8", np.uint8), ("UINT16", np.uint16), ("INT16", np.int16), ("FP32", np.float32)],
)
def test_every_datatype_that_fits_gets_what_the_model_says(client, datatype, dtype, binary_in, binary_out):
    inputs = pixels(PIXELS.astype(dtype), datatype, binary_in)
    outputs = [triton.InferRequestedOutput("output", binary_data=binary_out)]
    result = client.infer(FASHION, inputs, outputs=outputs, model_version="1", request_id="mine")
    np.testing.assert_allclose(result.as_numpy("output"), expected(PIXELS), atol=1e-5)
    response = result.get_response()
    assert (response["model_name"], response["model_version"], response["id"]) == (FASHION, "1", "mine")


@pytest.mark.parametrize("datatype", ["FP16", "BF16"])
def test_half_the_digits_are_widened(client, datatype):
    rows = (PIXELS // 64 * 64).astype(np.float32)  # numbers that both hold exactly
    inputs = pixels(rows.astype(np.float16 if datatype == "FP16" else ml_dtypes.bfloat16), datatype)
    np.testing.assert_allclose(
        client.infer(FASHION, inputs, "1").as_numpy("output"), expected(rows), atol=1e-5
    )


@pytest.mark.parametrize("asked", [None, "gzip", "deflate"])
@pytest.mark.parametrize("sent", [None, "gzip", "deflate"])
def test_bodies_may_be_compressed(client, sent, asked):
    rows = np.tile(PIXELS, (6, 1, 1))
    result = client.infer(
        FASHION,
        pixels(rows, "UINT8"),
        "1",
        request_compression_algorithm=sent,
        response_compression_algorithm=asked,
    )
    np.testing.assert_allclose(result.as_numpy("output"), expected(rows), atol=1e-5)


def test_without_a_list_of_outputs_all_come_and_the_newest_version_answers(client):
    result = client.infer(FASHION, pixels(PIXELS, "UINT8"))
    assert result.get_response()["model_version"] == "2"
    np.testing.assert_allclose(result.as_numpy("output"), expected(PIXELS, seed=2), atol=1e-5)


@pytest.mark.parametrize("binary", [(True, True), (True, False), (False, True), (False, False)], ids=str)
def test_several_inputs_and_outputs_mixed_binary_and_json(client, binary):
    outputs = [
        triton.InferRequestedOutput("size", binary_data=binary[0]),
        triton.InferRequestedOutput("kind", binary_data=binary[1]),
    ]
    result = client.infer("pair", pair(binary), outputs=outputs)
    kind, size = expected_pair(IMAGE, COUNT)
    np.testing.assert_allclose(result.as_numpy("kind"), kind, atol=1e-5)
    np.testing.assert_allclose(result.as_numpy("size"), size, rtol=1e-5)
    assert [one["name"] for one in result.get_response()["outputs"]] == ["size", "kind"]


@pytest.mark.parametrize("binary", [True, False])
def test_the_best_classes_come_with_their_names(client, binary):
    outputs = [triton.InferRequestedOutput("output", binary_data=binary, class_count=3)]
    found = client.infer(FASHION, pixels(PIXELS, "UINT8"), "1", outputs=outputs).as_numpy("output")
    assert found.shape == (5, 3)
    for row, wanted in zip(found, expected(PIXELS), strict=True):
        texts = [one.decode() if isinstance(one, bytes) else one for one in row]
        values, places, names = zip(*(text.split(":") for text in texts), strict=True)
        assert [int(place) for place in places] == np.argsort(-wanted)[:3].tolist()
        assert list(names) == [CLASS_NAMES[int(place)] for place in places]
        np.testing.assert_allclose([float(value) for value in values], np.sort(wanted)[::-1][:3], atol=1e-5)


def test_priority_and_timeout_are_taken(client):
    result = client.infer(FASHION, pixels(PIXELS, "UINT8"), "1", priority=1, timeout=10_000_000)
    assert result.as_numpy("output").shape == (5, 10)


def test_statistics_count_requests_rows_and_batches(client):
    def now(version: str) -> dict:
        return client.get_inference_statistics(FASHION, version)["model_stats"][0]

    before = now("2")
    for _ in range(3):
        client.infer(FASHION, pixels(PIXELS, "UINT8"), "2")
    with pytest.raises(InferenceServerException):
        client.infer(FASHION, pixels(PIXELS[:, :5], "UINT8"), "2")
    after = now("2")
    assert after["inference_count"] - before["inference_count"] == 15
    assert after["execution_count"] - before["execution_count"] == 3
    told = after["inference_stats"]
    assert told["success"]["count"] - before["inference_stats"]["success"]["count"] == 3
    assert told["fail"]["count"] - before["inference_stats"]["fail"]["count"] == 1
    assert 0 < told["compute_infer"]["ns"] <= told["success"]["ns"]
    assert 5 in {one["batch_size"] for one in after["batch_stats"]}
    listed = client.get_inference_statistics()["model_stats"]
    assert {(one["name"], one["version"]) for one in listed} == {
        (FASHION, "1"),
        (FASHION, "2"),
        ("pair", "1"),
    }
    with pytest.raises(InferenceServerException, match="no model 'nothing'"):
        client.get_inference_statistics("nothing")


def test_calls_that_go_on_in_the_background_each_get_their_own(client):
    rows = [PIXELS[i % 5 : i % 5 + 1] for i in range(20)]
    calls = [client.async_infer(FASHION, pixels(one, "UINT8"), "1") for one in rows]
    for number, call in enumerate(calls):
        wanted = expected(PIXELS[number % 5 : number % 5 + 1])
        np.testing.assert_allclose(call.get_result().as_numpy("output"), wanted, atol=1e-5)


def test_bodies_that_are_made_and_read_apart_from_the_client(client, running):
    body, length = triton.InferenceServerClient.generate_request_body(pixels(PIXELS, "UINT8"))
    head = f"POST /v2/models/{FASHION}/versions/1/infer HTTP/1.1\ninference-header-content-length: {length}"
    with running.connect() as connection:
        status, headers, answer = connection.send(head, body).answer()
    assert status == 200
    result = triton.InferenceServerClient.parse_response_body(
        answer, header_length=int(headers["inference-header-content-length"])
    )
    np.testing.assert_allclose(result.as_numpy("output"), expected(PIXELS), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda c: c.infer("nothing", pixels(PIXELS, "UINT8")), "there is no model 'nothing'"),
        (lambda c: c.infer(FASHION, pixels(PIXELS, "UINT8"), "7"), "has no version 7"),
        (lambda c: c.infer(FASHION, pixels(PIXELS[:, :5], "UINT8")), "expected [n,28,28], got [5,5,28]"),
        (lambda c: c.infer(FASHION, pixels(PIXELS.astype(np.float64), "FP64")), "must be FP32, or one"),
        (lambda c: c.infer("pair", pair((True, True))[:1]), "missing: 'image'"),
        (lambda c: c.get_model_metadata("nothing"), "there is no model 'nothing'"),
        (lambda c: c.get_system_shared_memory_status(), "no such path"),
    ],
)
def test_mistakes_are_told_as_the_client_expects(client, call, says):
    with pytest.raises(InferenceServerException) as caught:
        call(client)
    assert says in caught.value.message()
    np.testing.assert_allclose(
        client.infer(FASHION, pixels(PIXELS, "UINT8"), "1").as_numpy("output"), expected(PIXELS), atol=1e-5
    )


def test_the_asyncio_client_too(running):
    async def main() -> None:
        async with triton_aio.InferenceServerClient(f"127.0.0.1:{running.port}") as client:
            assert await client.is_server_live() and await client.is_model_ready(FASHION)
            assert (await client.get_server_metadata())["name"] == "modiste"
            assert (await client.get_model_metadata(FASHION))["platform"] == "onnxruntime_onnx"
            assert (await client.get_model_config(FASHION))["max_batch_size"] == 256
            assert len(await client.get_model_repository_index()) == 3
            for binary in (True, False):
                results = await asyncio.gather(
                    *(
                        client.infer(FASHION, pixels(PIXELS[i : i + 1], "UINT8", binary), "1")
                        for i in range(5)
                    )
                )
                found = np.concatenate([result.as_numpy("output") for result in results])
                np.testing.assert_allclose(found, expected(PIXELS), atol=1e-5)
            with pytest.raises(InferenceServerException):
                await client.infer("nothing", pixels(PIXELS, "UINT8"))

    asyncio.run(main())
