"""The one look at the test data: every image of it, by the model that will be published."""

from typing import Any

import numpy as np

from modiste import metrics
from modiste.datasets import Split
from training.model.compilation import loss_info
from training.model.targets import labels_for
from training.schema.recipe import Recipe
from training.trained import Tested

_BATCH = 1000


def evaluate(model: Any, test: Split, recipe: Recipe) -> Tested:
    """Return what the model answers to the whole split, and what that is worth.

    The arithmetic is that of the service's ``/evaluate``, which states the same figures later.
    """
    outputs = np.asarray(model.predict(test.x, batch_size=_BATCH, verbose=0), np.float32)
    labels = labels_for(test, recipe.data.target).values
    scores = metrics.evaluate(outputs, labels, recipe.head, loss_info(recipe.loss))
    return Tested(labels, metrics.probabilities(outputs, recipe.head), scores)
