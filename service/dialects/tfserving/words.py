"""How TensorFlow Serving says that a request failed: ``{"error": "..."}``, mostly under the status 400."""

from service.dialects.tfserving.paths import STATUS, Place, description
from service.http_errors import Failed, Told, in_brief
from service.http_types import Response

_NO_SUCH_PATH = ("not_found", "method_not_allowed")


def words(told: Told, failed: Failed) -> Response:
    """Return the response to a request under ``/v1/`` that failed behind the predict lanes."""
    if told.code in _NO_SUCH_PATH:
        return malformed(failed.method, failed.path)
    place = description(failed.path)
    return in_brief(told) if place is None else failure(told, place)


def failure(told: Told, place: Place) -> Response:
    """Return the response to a request that is understood and failed."""
    if told.code == "model_not_found":
        return in_brief(told._replace(message=f"{_not_found(place)}: {told.message}"))
    if told.code == "label_not_found":
        message = f"Unrecognized servable version label: {place.label}: {told.message}"
        return in_brief(told._replace(status=400, message=message))
    return in_brief(told)


def malformed(method: str, path: str) -> Response:
    """Return the response to a path that TensorFlow Serving does not have, or not for this method."""
    return in_brief(Told(400, "malformed_request", f"Malformed request: {method} {path}", {}))


def _not_found(place: Place) -> str:
    if place.operation != STATUS:
        return f"Servable not found for request: {place.servable}"
    if place.version is None:
        return f"Could not find any versions of model {place.model}"
    return f"Could not find version {place.version} of model {place.model}"
