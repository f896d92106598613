"""Models of several inputs and outputs in Modiste's own protocol."""

import json

import numpy as np
import pytest

from modiste.artifact import Head
from tests.models import expected_pair, write_version

RANDOM = np.random.default_rng(3)
IMAGE = RANDOM.normal(0, 1, (5, 4)).astype(np.float32)
COUNT = RANDOM.integers(0, 9, (5, 1)).astype(np.int32)


def ask(client, instances: object, query: str = "", **headers: str):
    headers = {"content-type": "application/json", **headers}
    body = json.dumps({"instances": instances})
    return client.post(f"/models/pair/predict{query}", content=body, headers=headers)


def rows(image: np.ndarray = IMAGE, count: np.ndarray = COUNT) -> list[dict]:
    return [{"image": i, "count": c} for i, c in zip(image.tolist(), count.tolist(), strict=True)]


def message(response, status: int) -> str:
    assert response.status_code == status, response.text
    return response.json()["error"]["message"]


def test_each_row_is_an_object_of_inputs_and_answers_with_each_output(pair):
    answer = ask(pair, rows(), "?top_k=2").json()
    kind, size = expected_pair(IMAGE, COUNT)
    for found, probabilities, number in zip(answer["predictions"], kind, size, strict=True):
        outputs = found["outputs"]
        assert outputs["kind"]["label"] == "abc"[probabilities.argmax()]
        np.testing.assert_allclose(outputs["kind"]["probabilities"], probabilities, atol=1e-5)
        assert [one["class"] for one in outputs["kind"]["top"]] == np.argsort(-probabilities)[:2].tolist()
        np.testing.assert_allclose(outputs["size"]["value"], number[0], rtol=1e-5)


def test_many_at_once_keep_their_rows_apart(pair):
    one = [{"content": json.dumps({"instances": rows(IMAGE[i : i + 1], COUNT[i : i + 1])})} for i in range(5)]
    answers = pair.post_all("/models/pair/predict", one * 4)
    _, size = expected_pair(IMAGE, COUNT)
    found = [answer.json()["predictions"][0]["outputs"]["size"]["value"] for answer in answers]
    np.testing.assert_allclose(found, np.tile(size[:, 0], 4), rtol=1e-5)


@pytest.mark.parametrize(
    ("instances", "says"),
    [
        ([[1, 2, 3, 4]], "objects with the inputs image, count"),
        ([{"image": [1, 2, 3, 4]}], "instances[0]: expected an object with the inputs image, count alone"),
        ([*rows(), {"image": 1, "count": [2], "more": 3}], "instances[5]"),
        ([{"image": [1, 2, 3], "count": [1]}], "the input image of instances"),
        ([{"image": [1, 2, 3, "x"], "count": [1]}], "the input image of instances[0][3] is a string"),
        ([{"image": [1, 2, 3, 4], "count": [1.5]}], "count[0][0] is no whole number"),
        ([{"image": [1, 2, 3, 4], "count": [2**40]}], "count[0][0] is outside"),
        ([{"image": [1, 2, 3, 1e300], "count": [1]}], "image[0][3] is not a finite 32-bit number"),
        ([], "expected a list of objects"),
    ],
)
def test_what_does_not_fit_is_named(pair, instances, says):
    assert says in message(ask(pair, instances), 422)


def test_formats_of_one_array_are_refused(pair):
    response = pair.post(
        "/models/pair/predict", content=b"\0" * 16, headers={"content-type": "application/x-npy"}
    )
    assert "inputs image, count" in message(response, 415)
    assert "one output" in message(ask(pair, rows(), accept="application/x-npy"), 422)
    response = pair.post("/models/pair/evaluate", content=json.dumps({"instances": [], "labels": []}))
    assert "one input and one output" in message(response, 422)


def test_the_summary_shows_every_input_and_output(pair):
    summary = pair.get("/models/pair/summary").json()
    assert [one["name"] for one in summary["inputs"]] == ["image", "count"]
    assert [(one["name"], one["head"]) for one in summary["outputs"]] == [
        ("kind", Head.SOFTMAX),
        ("size", Head.REGRESSION),
    ]


def test_a_model_of_one_input_may_be_asked_by_its_name(client):
    pixels = RANDOM.integers(0, 256, (2, 28, 28)).tolist()
    headers = {"content-type": "application/json"}
    plain = client.post("/predict", content=json.dumps({"instances": pixels}), headers=headers)
    named = json.dumps({"instances": [{"pixels": one} for one in pixels]})
    assert client.post("/predict", content=named, headers=headers).json() == plain.json()


def test_names_of_classes_that_do_not_fit_fail_the_version(artifacts, make_client):
    write_version(artifacts / "wrong" / "1", class_names=("a", "b"))
    models = {one["name"]: one for one in make_client().get("/models").json()["models"]}
    assert "names 2 classes; the model has 10" in models["wrong"]["versions"][0]["reason"]
