"""Real Keras models of several inputs and outputs, from file to answer, in both engines."""

import asyncio
import json

import keras
import numpy as np
import pytest
from keras import layers

from modiste.artifact import ONNX, SUMMARY, Head, Summary
from modiste.prepare import prepare
from service.settings import Settings
from tests.http.conftest import Client

RANDOM = np.random.default_rng(5)
PIXELS = RANDOM.integers(0, 256, (7, 6, 6)).astype(np.float32)
WORDS = RANDOM.integers(0, 20, (7, 3)).astype(np.int32)


def model() -> keras.Model:
    """Pixels and numbers of words in; one of three kinds, two labels and a length out; in no order of names."""
    keras.utils.set_random_seed(4)
    picture = keras.Input((6, 6), name="picture")
    words = keras.Input((3,), name="words", dtype="int32")
    seen = layers.Flatten()(layers.Rescaling(1 / 255)(picture))
    read = layers.Flatten()(layers.Embedding(20, 4)(words))
    both = layers.Dense(8, "relu")(layers.Concatenate()([seen, read]))
    kind = layers.Dense(3, "softmax", name="kind")(both)
    labels = layers.Dense(2, "sigmoid", name="labels")(both)
    length = layers.Dense(1, name="length")(both)
    inputs = {"words": words, "picture": picture}
    return keras.Model(inputs, {"length": length, "kind": kind, "labels": labels})


def wait_until_ready(client: Client) -> None:
    for _ in range(600):
        version = client.get("/models").json()["models"][0]["versions"][0]
        assert version["state"] != "failed", version["reason"]
        if version["state"] == "ready":
            return
        client.run(asyncio.sleep(0.1))
    raise AssertionError("it did not become ready")


@pytest.mark.parametrize("engine", ["onnx", "keras"])
def test_what_is_served_is_what_keras_says(engine, tmp_path):
    made = model()
    folder = tmp_path / "artifacts" / "several" / "1"
    folder.mkdir(parents=True)
    made.save(folder / "model.keras")
    if engine == "onnx":
        prepare(folder / "model.keras", folder)
        assert (folder / ONNX).exists(), Summary.read(folder / SUMMARY).engine_reason
        heads = {one.name: one.head for one in Summary.read(folder / SUMMARY).outputs}
        assert heads == {"kind": Head.SOFTMAX, "labels": Head.MULTI_LABEL, "length": Head.REGRESSION}
    outputs = made.predict({"picture": PIXELS, "words": WORDS}, verbose=0)
    rows = [{"picture": p, "words": w} for p, w in zip(PIXELS.tolist(), WORDS.tolist(), strict=True)]
    client = Client(
        Settings(
            artifacts_dir=tmp_path / "artifacts",
            state_dir=tmp_path / "state",
            engine=engine,
            max_batch_rows=4,
        )
    )
    try:
        wait_until_ready(client)
        headers = {"content-type": "application/json"}
        body = json.dumps({"instances": rows})
        response = client.post("/models/several/predict", content=body, headers=headers)
    finally:
        client.close()
    assert response.status_code == 200, response.text
    found = [one["outputs"] for one in response.json()["predictions"]]
    np.testing.assert_allclose([one["kind"]["probabilities"] for one in found], outputs["kind"], atol=1e-5)
    np.testing.assert_allclose([one["length"]["value"] for one in found], outputs["length"][:, 0], atol=1e-5)
    shown = [[label["probability"] for label in one["labels"]["labels"]] for one in found]
    np.testing.assert_allclose(shown, outputs["labels"], atol=1e-5)
