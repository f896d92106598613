"""The one look at the test data: every image of it, by the model that will be published."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from modiste.datasets import Split
from training.recipe import Loss
from training.trained import Evaluation

_BATCH = 1000


def evaluate(model: Any, test: Split, loss: Loss) -> Evaluation:
    """Return Keras's own loss and accuracy over the whole split, and the probabilities of each image."""
    figures = model.evaluate(test.x, test.y, batch_size=_BATCH, verbose=0, return_dict=True)
    outputs = np.asarray(model.predict(test.x, batch_size=_BATCH, verbose=0), np.float32)
    probabilities = _softmax(outputs) if loss.from_logits else outputs
    return Evaluation(float(figures["loss"]), float(figures["accuracy"]), test.y, probabilities)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.softmax(logits)), np.float32)
