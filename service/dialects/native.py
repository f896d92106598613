"""Modiste's own protocol: paths, query and the body of an answer.

POST /predict
POST /models/{name}/predict
POST /models/{name}/versions/{version}/predict
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import numpy as np
import orjson
from numpy.typing import NDArray

from modiste.artifact import Head
from modiste.metrics import probabilities
from service.codecs import npy
from service.codecs.bodies import Decoded
from service.errors import InvalidInput
from service.http_types import Response
from service.signature import Signature

_PATH = re.compile(r"(?:/models/([^/]+))?(?:/versions/([^/]+))?/predict")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY


class Target(NamedTuple):
    """What a path asks for, as it is written there; None for the default."""

    model: str | None
    version: str | None


class Name(NamedTuple):
    """What answers: a model's name in URLs, and a version."""

    model: str
    version: int


class AnswerOptions(NamedTuple):
    """What a client asked to have in its answer."""

    top_k: int | None = None
    probabilities: bool = True
    as_npy: bool = False

    def check(self, signature: Signature) -> None:
        """Refuse, before anything is computed, what this model cannot give.

        Raises:
            InvalidInput: `top_k` over the number of classes.
        """
        if self.top_k is not None and self.top_k > signature.classes:
            raise InvalidInput(f"top_k may be 1 to {signature.classes} for this model")


_DEFAULT = Target(None, None)


def match(path: str) -> Target | None:
    """Return what a predict path asks for, or None for another path."""
    if path == "/predict":
        return _DEFAULT
    found = _PATH.fullmatch(path)
    if found is None or (found[2] is not None and found[1] is None):
        return None
    return Target(found[1], found[2])


def version_of(text: str | None) -> int | None:
    """Return the version that a path names.

    Raises:
        InvalidInput: it is no positive integer.
    """
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
        raise InvalidInput("a version is a positive integer")
    return int(text)


@lru_cache(maxsize=256)
def options(query: bytes, accept: bytes) -> AnswerOptions:
    """Read the query and the Accept header.

    Raises:
        InvalidInput: an unknown parameter, or a value that it does not take.
    """
    as_npy = npy.CONTENT_TYPE.encode() in accept
    top_k, with_probabilities = None, True
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name == "top_k":
            top_k = _positive(value)
        elif name == "probabilities":
            with_probabilities = _boolean(value)
        else:
            raise InvalidInput(f"unknown query parameter {name[:40]!r}; there are: top_k, probabilities")
    return AnswerOptions(top_k, with_probabilities, as_npy)


def answer(
    served: Name, outputs: NDArray[np.float32], signature: Signature, wanted: AnswerOptions, decoded: Decoded
) -> Response:
    """Return the answer to one request.

    Args:
        served: the model and the version that made the outputs.
        outputs: raw outputs of the model, float32 [rows, units].
        signature: of that version.
        wanted: what the client asked for.
        decoded: the request; its warnings, and the names of its files, are in the answer.
    """
    values = probabilities(outputs, signature.head)
    if wanted.as_npy:
        headers = {"x-model": served.model, "x-model-version": str(served.version)}
        if decoded.warnings:
            headers["x-warning"] = decoded.warnings[0]
        return Response(200, npy.encode(values), npy.CONTENT_TYPE, headers)
    predictions = _predictions(values, signature, wanted)
    if decoded.files is not None:
        for prediction, file in zip(predictions, decoded.files, strict=True):
            prediction["file"] = file
    document: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "predictions": predictions,
    }
    if decoded.warnings:
        document["warnings"] = decoded.warnings
    return Response(200, orjson.dumps(document, option=_JSON_OPTIONS))


def _predictions(
    values: NDArray[np.float32], signature: Signature, wanted: AnswerOptions
) -> list[dict[str, Any]]:
    if signature.head is Head.REGRESSION:
        return [{"value": row[0] if len(row) == 1 else row} for row in values]
    if signature.head in (Head.MULTI_LABEL, Head.MULTI_LABEL_LOGITS):
        every = range(signature.classes)
        order = [_best(row, wanted.top_k) for row in values] if wanted.top_k else [every] * len(values)
        return [{"labels": _listed(row, o, signature)} for row, o in zip(values, order, strict=True)]
    return [
        _classified(row, best, signature, wanted)
        for row, best in zip(values, values.argmax(axis=1).tolist(), strict=True)
    ]


def _classified(
    row: NDArray[np.float32], best: int, signature: Signature, wanted: AnswerOptions
) -> dict[str, Any]:
    prediction: dict[str, Any] = {"class": best, "label": signature.label(best), "probability": row[best]}
    if wanted.top_k is not None:
        prediction["top"] = _listed(row, _best(row, wanted.top_k), signature)
    if wanted.probabilities:
        prediction["probabilities"] = row
    return prediction


def _best(row: NDArray[np.float32], count: int) -> list[int]:
    order: list[int] = np.argsort(-row, kind="stable")[:count].tolist()
    return order


def _listed(row: NDArray[np.float32], order: Any, signature: Signature) -> list[dict[str, Any]]:
    return [{"class": i, "label": signature.label(i), "probability": row[i]} for i in order]


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 10 or int(text) < 1:
        raise InvalidInput("top_k is a positive integer")
    return int(text)


def _boolean(text: str) -> bool:
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise InvalidInput("probabilities is true or false")
    return value
