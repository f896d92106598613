"""The paths of TensorFlow Serving: what each asks for, of which model.

POST /v1/models/NAME[/versions/N|/labels/L]:(predict|classify|regress)
GET  /v1/models[/NAME[/versions/N|/labels/L]][/metadata]

Cases do not matter but in names; there is no slash at the end.
"""

import re
from typing import NamedTuple

PREFIX = "/v1/"

PREDICT = "predict"
CLASSIFY = "classify"
REGRESS = "regress"
METADATA = "metadata"
STATUS = "status"

_OF_WHICH = r"(?:/versions/([0-9]+)|/labels/([^/:]+))?"
_PREDICTION = re.compile(rf"/v1/models/([^/:]+){_OF_WHICH}:({PREDICT}|{CLASSIFY}|{REGRESS})", re.IGNORECASE)
_DESCRIPTION = re.compile(rf"/v1/models(?:/([^/:]+))?{_OF_WHICH}(?:/({METADATA}))?", re.IGNORECASE)


class Place(NamedTuple):
    """What a path asks for, as it is written there; None for what it does not say."""

    operation: str
    model: str | None
    version: str | None = None
    label: str | None = None

    @property
    def path(self) -> str:
        """The path of a prediction, written anew."""
        version = "" if self.version is None else f"/versions/{self.version}"
        label = "" if self.label is None else f"/labels/{self.label}"
        return f"/v1/models/{self.model}{version}{label}:{self.operation}"

    @property
    def servable(self) -> str:
        """What TensorFlow Serving calls it in messages."""
        return f"Latest({self.model})" if self.version is None else f"Specific({self.model}, {self.version})"


def prediction(path: str) -> Place | None:
    """Return what a path of predictions asks for; None for another path."""
    if path[: len(PREFIX)].lower() != PREFIX:
        return None
    found = _PREDICTION.fullmatch(path)
    return None if found is None else Place(found[4].lower(), found[1], found[2], found[3])


def description(path: str) -> Place | None:
    """Return what a path of a model's status or metadata asks for; None for another path."""
    found = _DESCRIPTION.fullmatch(path)
    return None if found is None else Place(METADATA if found[4] else STATUS, found[1], found[2], found[3])
