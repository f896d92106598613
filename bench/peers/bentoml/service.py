"""BentoML: a service with adaptive batching."""

import bentoml
import numpy as np
from classifier import Classifier, to_json


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Fashion:
    """JSON of the name of the argument, as BentoML derives it from the signature."""

    def __init__(self) -> None:
        self.classifier = Classifier()

    @bentoml.api(batchable=True, max_batch_size=64)
    async def predict(self, instances: np.ndarray) -> list[dict]:
        """Answer the rows of a batch of requests, which BentoML puts together and takes apart."""
        return to_json(self.classifier.probabilities(instances))["predictions"]
