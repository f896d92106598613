"""What reading finds out about a model file, for those who only pass it on."""

from dataclasses import dataclass
from typing import Literal

Format = Literal["keras", "h5"]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a model file says about itself, in plain values.

    Attributes:
        layer_types: the class of every layer, those of inner models after their model.
        arrays: how many arrays of weights it stores, its optimizer's left out.
        values: how many numbers they hold.
    """

    name: str
    format: Format
    sha256: str
    size: int
    keras_version: str | None
    layer_types: tuple[str, ...]
    arrays: int
    values: int
    loss: str | None
    optimizer: str | None
