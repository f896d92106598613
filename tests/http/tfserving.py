"""Requests in TensorFlow Serving's protocol, and what is expected of their answers."""

import json

import numpy as np

RANDOM = np.random.default_rng(11)
PIXELS = RANDOM.integers(0, 256, (5, 28, 28), np.uint8)
IMAGE = RANDOM.normal(0, 1, (5, 4)).astype(np.float32)
COUNT = RANDOM.integers(0, 9, (5, 1)).astype(np.int32)
PREDICT = "/v1/models/fashion_mnist:predict"
PAIR = "/v1/models/pair:predict"


def ask(client, document: object, path: str = PREDICT, **headers: str):
    return client.post(path, content=json.dumps(document), headers=headers)


def predictions(response) -> np.ndarray:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    (found,) = response.json().values()
    return np.array(found)


def error(response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    document = response.json()
    assert list(document) == ["error"]
    return document["error"]


def named(image: np.ndarray = IMAGE, count: np.ndarray = COUNT) -> list[dict]:
    return [{"image": i, "count": c} for i, c in zip(image.tolist(), count.tolist(), strict=True)]
