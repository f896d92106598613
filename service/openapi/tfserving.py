"""The OpenAPI document of TensorFlow Serving's paths; docs/dialects.md says what of it is the same here."""

from typing import Any

from service import examples
from service.openapi.brief import operation

_TAG = "tensorflow serving"
_WHICH = {
    "": "the newest ready version of a model",
    "/versions/{version}": "one version of a model",
    "/labels/{label}": "the version that has a label",
}
_SCORES = [[["T-shirt/top", 0.0], ["Trouser", 0.0], ["Ankle boot", 0.98]]]
_STATUS = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
_SIGNATURE = {"inputs": {}, "outputs": {}, "method_name": "tensorflow/serving/predict", "defaults": {}}
_METADATA = {
    "model_spec": {"name": "fashion_mnist", "signature_name": "", "version": "1"},
    "metadata": {"signature_def": {"signature_def": {"serving_default": _SIGNATURE}}},
}


def paths() -> dict[str, Any]:
    """Return the documentation of all paths under ``/v1``."""
    found = {
        "/v1/models": {"get": operation(_TAG, "List the models", "/v1/models", {"models": ["fashion_mnist"]})}
    }
    pixels = examples.pixels()
    features = {"examples": [{"input_layer": [value for row in pixels for value in row]}]}
    for which, of in _WHICH.items():
        path = f"/v1/models/{{name}}{which}"
        calls: list[tuple[str, str, Any, Any]] = [
            ("predict", f"Ask {of}", {"instances": [pixels]}, {"predictions": [[0.0, 0.02, 0.98]]}),
            ("classify", f"Ask for the labels of {of}", features, {"results": _SCORES}),
            ("regress", f"Ask for the numbers of {of}", {"examples": [{"x": [1, 2]}]}, {"results": [0.5]}),
        ]
        for call, summary, body, answer in calls:
            asked = f"{path}:{call}"
            found[asked] = {"post": operation(_TAG, summary, asked, answer, body)}
        found[path] = {
            "get": operation(_TAG, f"The state of {of}", path, {"model_version_status": [_STATUS]})
        }
        described = f"{path}/metadata"
        found[described] = {"get": operation(_TAG, f"Inputs and outputs of {of}", described, _METADATA)}
    return found
