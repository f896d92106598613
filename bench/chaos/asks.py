"""What is asked in a chaos run, in every protocol; each with what may come back, and how that is checked."""

import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench import reference
from bench.chaos.world import CHANGING, FAILING, GOOD_PIXEL, LABEL, SLOW, STEADY, Pixels, World
from bench.http import Answer, Request

Check = Callable[[Answer], str | None]
"""Says what is wrong with an answer 200, or None."""

_OCTETS = {"content-type": "application/octet-stream"}
_JSON = {"content-type": "application/json"}
_NPY = "application/x-npy"
_FULL, _NOT_NOW, _LATE, _GONE = 429, 503, 504, 404


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: of which kind, the statuses that it may get, and how a 200 is checked."""

    kind: str
    request: Request
    allowed: frozenset[int]
    check: Check


class Asks:
    """Makes requests by chance. Some models are asked by version, by label, or by neither."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self._world = world
        self._dice = dice

    def one(self) -> Ask:
        """Return the next request."""
        kind = self._dice.choices(
            (self._steady, self._changing, self._slow, self._failing, self._malformed), (5, 5, 2, 1, 1)
        )[0]
        return kind()

    def steady(self) -> list[Ask]:
        """Return one request in each form of each protocol, to the model that nobody touches."""
        return [self._predict(form, STEADY, None, None, frozenset({200})) for form in _FORMS]

    def _steady(self) -> Ask:
        # Nothing happens to this model: it may be full, and no more.
        return self._predict(self._form(), STEADY, None, None, frozenset({200, *self._full()}))

    def _changing(self) -> Ask:
        how = self._dice.choice(("newest", "label", "version"))
        version = self._dice.choice(self._world.versions) if how == "version" else None
        allowed = {200, _NOT_NOW, *self._full()}
        if how == "version":
            allowed |= {_GONE}
        return self._predict(
            self._form(), CHANGING, version, LABEL if how == "label" else None, frozenset(allowed)
        )

    def _slow(self) -> Ask:
        stated = self._dice.random() < 0.5
        allowed = frozenset({200, *self._full(), *({_LATE} if stated else ())})
        ask = self._predict(self._form(), SLOW, None, None, allowed)
        if stated:
            ask.request.headers["x-timeout-ms"] = str(self._dice.choice((5, 50, 500)))
        return ask

    def _failing(self) -> Ask:
        return self._predict(self._form(), FAILING, None, None, frozenset({200, 500, *self._full()}))

    def _full(self) -> tuple[int, int]:
        return _FULL, _NOT_NOW

    def _form(self) -> "Form":
        return self._dice.choice(_FORMS)

    def _predict(
        self, form: "Form", model: str, version: int | None, label: str | None, allowed: frozenset[int]
    ) -> Ask:
        pixels = np.frombuffer(self._dice.randbytes(784 * self._dice.choice(form.rows)), np.uint8)
        pixels = pixels.reshape(-1, 28, 28).copy()
        if model == FAILING:
            if self._dice.random() < 0.5:
                pixels[:, 0, 0] %= GOOD_PIXEL + 1
            # Rows on which the engine fails are their sender's trouble, and not of those who share its batch.
            allowed -= {200} if pixels[:, 0, 0].max() > GOOD_PIXEL else {500}
        request = form.request(model, version, label, pixels)
        if 503 in allowed and form.kind.startswith("native"):
            # Natively a full server is a 429: a 503 needs another cause.
            allowed -= frozenset() if model == CHANGING else {_NOT_NOW}
        elif not form.kind.startswith("native"):
            allowed = allowed - {_FULL}
            if label is not None:
                allowed |= {400}

        def check(answer: Answer) -> str | None:
            said, got = form.read(answer)
            if said is None and version is None and model == CHANGING:
                # Its protocol does not say which version it was: the numbers do.
                candidates = range(1, max(self._world.versions) + 1)
                right = any(reference.agree(got, self._world.answers(model, n, pixels)) for n in candidates)
                return None if right else "numbers of no version"
            answered = said or version or 1
            if version is not None and answered != version:
                return f"version {answered} where {version} was asked"
            if reference.agree(got, self._world.answers(model, answered, pixels)):
                return None
            return f"not the numbers of version {answered}"

        return Ask(f"{form.kind}, {model}", request, allowed, check)

    def _malformed(self) -> Ask:
        kind, request, statuses = self._dice.choice(_MALFORMED)
        return Ask(f"malformed: {kind}", request, frozenset({*statuses, _FULL}), lambda _: "accepted")


@dataclass(frozen=True, slots=True)
class Form:
    """How a prediction is asked for and read: path, headers and body, and the version that answered."""

    kind: str
    rows: tuple[int, ...]
    request: Callable[[str, int | None, str | None, Pixels], Request]
    read: Callable[[Answer], tuple[int | None, object]]


def _path(model: str, version: int | None, label: str | None) -> str:
    if label is not None:
        return f"/models/{model}/labels/{label}"
    return f"/models/{model}" if version is None else f"/models/{model}/versions/{version}"


def _native(headers: dict[str, str], body: Callable[[Pixels], bytes]) -> Callable[..., Request]:
    def request(model: str, version: int | None, label: str | None, pixels: Pixels) -> Request:
        return Request("POST", f"{_path(model, version, label)}/predict", dict(headers), body(pixels))

    return request


def _v1(model: str, version: int | None, label: str | None, pixels: Pixels) -> Request:
    body = json.dumps({"instances": pixels.tolist()}).encode()
    return Request("POST", f"/v1{_path(model, version, label)}:predict", dict(_JSON), body)


def _v2(model: str, version: int | None, label: str | None, pixels: Pixels) -> Request:
    tensor = {"name": "pixels", "shape": list(pixels.shape), "datatype": "UINT8"}
    body = json.dumps({"inputs": [tensor | {"data": pixels.reshape(-1).tolist()}]}).encode()
    return Request("POST", f"/v2{_path(model, version, None)}/infer", dict(_JSON), body)


def _v2_binary(model: str, version: int | None, label: str | None, pixels: Pixels) -> Request:
    tensor: dict[str, object] = {"name": "pixels", "shape": list(pixels.shape), "datatype": "UINT8"}
    tensor |= {"parameters": {"binary_data_size": pixels.nbytes}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = {**_OCTETS, "inference-header-content-length": str(len(head))}
    return Request("POST", f"/v2{_path(model, version, None)}/infer", headers, head + pixels.tobytes())


def _npy(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    np.save(file, pixels)
    return file.getvalue()


def _png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels[0]).save(file, "PNG")
    return file.getvalue()


def _read_native(answer: Answer) -> tuple[int, object]:
    document = json.loads(answer.body)
    return document["version"], [one["probabilities"] for one in document["predictions"]]


def _read_npy(answer: Answer) -> tuple[int, NDArray[np.float32]]:
    return int(answer.headers["x-model-version"]), np.load(io.BytesIO(answer.body))


def _read_v1(answer: Answer) -> tuple[None, object]:
    return None, json.loads(answer.body)["predictions"]


def _read_v2(answer: Answer) -> tuple[int, object]:
    document = json.loads(answer.body)
    output = document["outputs"][0]
    return int(document["model_version"]), np.reshape(output["data"], output["shape"])


def _read_v2_binary(answer: Answer) -> tuple[int, object]:
    length = int(answer.headers["inference-header-content-length"])
    document = json.loads(answer.body[:length])
    values = np.frombuffer(answer.body[length:], np.float32)
    return int(document["model_version"]), values.reshape(document["outputs"][0]["shape"])


_SOME = (1, 1, 1, 3, 20)
_FORMS = (
    Form(
        "native JSON",
        _SOME,
        _native(_JSON, lambda pixels: json.dumps({"instances": pixels.tolist()}).encode()),
        _read_native,
    ),
    Form("native raw", (1, 3, 20, 300), _native(_OCTETS, lambda pixels: pixels.tobytes()), _read_native),
    Form("native npy", _SOME, _native({"content-type": _NPY, "accept": _NPY}, _npy), _read_npy),
    Form("native png", (1,), _native({"content-type": "image/png"}, _png), _read_native),
    Form("v1", _SOME, _v1, _read_v1),
    Form("v2 JSON", _SOME, _v2, _read_v2),
    Form("v2 binary", _SOME, _v2_binary, _read_v2_binary),
)

_STEADY_PATH = f"/models/{STEADY}/predict"
_MALFORMED: tuple[tuple[str, Request, tuple[int, ...]], ...] = (
    ("broken JSON", Request("POST", _STEADY_PATH, _JSON, b'{"instances": [[1, 2'), (400,)),
    ("wrong shape", Request("POST", _STEADY_PATH, _JSON, b'{"instances": [[1, 2], [3]]}'), (422,)),
    ("not a number", Request("POST", _STEADY_PATH, _JSON, b'{"instances": ["x"]}'), (422,)),
    ("a byte short", Request("POST", _STEADY_PATH, _OCTETS, bytes(783)), (422, 400)),
    ("cut PNG", Request("POST", _STEADY_PATH, {"content-type": "image/png"}, b"\x89PNG\r\n\x1a\n12"), (400,)),
    ("unknown type", Request("POST", _STEADY_PATH, {"content-type": "text/plain"}, b"hello"), (415,)),
    ("no such model", Request("POST", "/models/nobody/predict", _OCTETS, bytes(784)), (404,)),
    ("v1 broken", Request("POST", f"/v1/models/{STEADY}:predict", _JSON, b'{"instances": 5'), (400, 503)),
    ("v2 broken", Request("POST", f"/v2/models/{STEADY}/infer", _JSON, b'{"inputs": []}'), (400, 503)),
    ("too large", Request("POST", _STEADY_PATH, _OCTETS, bytes(784 * 5000)), (413, 422)),
)
