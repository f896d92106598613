"""MLServer: a custom runtime, the documented way to serve what it has no runtime for.

Without parallel workers the model runs in the server's own process, which its documentation advises
for models that are light: there is no queue between processes. Batching is switched on in
``model-settings.json``.
"""

from classifier import Classifier
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Fashion(MLModel):
    """The Open Inference Protocol, in JSON."""

    async def load(self) -> bool:
        """Load the model, in the worker."""
        self.classifier = Classifier()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer a batch of requests, which MLServer puts together and takes apart."""
        probabilities = self.classifier.probabilities(NumpyCodec.decode_input(payload.inputs[0]))
        classes = probabilities.argmax(axis=1, keepdims=True)
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("class", classes),
                NumpyCodec.encode_output("probabilities", probabilities),
            ],
        )
