"""Experiment 12 to its end: whatever the head, what a server answers is a probability or a number."""

import json

import numpy as np
import pytest
from training_data import small_dataset

from modiste.artifact import ONNX, Head
from modiste.metrics import probabilities
from service.settings import Settings
from tests.http.conftest import Client
from training.catalog import read_recipe
from training.course.heads import HEADS
from training.publishing.publish import publish
from training.train import train_on

ROWS = 7
OFTEN = ("logit-binary", "linear-squared")  # the others go the same ways


@pytest.mark.parametrize(
    "head", [head if head in OFTEN else pytest.param(head, marks=pytest.mark.long) for head in HEADS]
)
def test_a_served_answer_is_a_probability_or_a_number_and_keras_own(head, tmp_path):
    recipe = read_recipe(f"fashion-head-{head}", {"gate": None})
    trained = train_on(small_dataset(), recipe)
    folder = publish(trained, tmp_path / "artifacts").folder
    assert (folder / ONNX).exists(), "the version is served prepared"
    images = trained.dataset.test.x[:ROWS]
    outputs = trained.model.predict(images, verbose=0)
    answers = ask(tmp_path, recipe.model, images)
    if recipe.head is Head.REGRESSION:
        assert [set(answer) for answer in answers] == [{"value"}] * ROWS
        np.testing.assert_allclose([a["value"] for a in answers], outputs[:, 0], atol=1e-5)
        return
    served = np.array([answer["probabilities"] for answer in answers])
    np.testing.assert_allclose(served, probabilities(outputs, recipe.head), atol=1e-5)
    np.testing.assert_allclose(served, by_hand(outputs, recipe.head), atol=1e-5)
    assert served.shape == (ROWS, len(trained.class_names))
    assert served.min() >= 0 and served.max() <= 1
    np.testing.assert_allclose(served.sum(axis=1), 1, atol=1e-5)


def by_hand(outputs: np.ndarray, head: Head) -> np.ndarray:
    """Probabilities [rows, classes] from Keras's outputs, by the textbook."""
    if head is Head.SOFTMAX:
        return outputs
    if head is Head.LOGITS:
        powers = np.exp(outputs.astype(np.float64))
        return powers / powers.sum(axis=1, keepdims=True)
    p = outputs[:, 0] if head is Head.SIGMOID else 1 / (1 + np.exp(-outputs[:, 0].astype(np.float64)))
    return np.stack([1 - p, p], axis=1)


def ask(folder, model: str, images: np.ndarray) -> list[dict]:
    """What an application over these artifacts answers."""
    client = Client(Settings(artifacts_dir=folder / "artifacts", state_dir=folder / "state"))
    try:
        body = json.dumps({"instances": images.tolist()})
        headers = {"content-type": "application/json"}
        response = client.post(f"/models/{model}/predict", content=body, headers=headers)
    finally:
        client.close()
    assert response.status_code == 200, response.text
    return response.json()["predictions"]
