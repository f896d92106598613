"""The model in Triton's Python backend."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

sys.path.append(str(Path(__file__).parents[4] / "common"))  # this backend reads no PYTHONPATH

from classifier import Classifier


class TritonPythonModel:
    """Takes the requests of a batch, and puts them together itself, as this backend asks."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the model."""
        self.classifier = Classifier()

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer a batch of requests."""
        images = [pb_utils.get_input_tensor_by_name(request, "image").as_numpy() for request in requests]
        return [self._response(probabilities) for probabilities in self.classifier.batch(images)]

    def _response(self, probabilities: np.ndarray) -> Any:
        classes = probabilities.argmax(axis=1, keepdims=True)
        tensors = [pb_utils.Tensor("class", classes), pb_utils.Tensor("probabilities", probabilities)]
        return pb_utils.InferenceResponse(tensors)
