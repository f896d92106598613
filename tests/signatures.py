"""Signatures of models that tests need in several places."""

from dataclasses import replace

import numpy as np

from modiste.artifact import Head
from service.signature import Input, Output, Signature

FLOAT = np.dtype(np.float32)
FASHION = Input("pixels", (28, 28), FLOAT, range=(0.0, 255.0))


def like_fashion(**changes) -> Input:
    """The input of a Fashion-MNIST classifier, but for some fields."""
    return replace(FASHION, **changes)


def plain(
    shape: tuple[int | None, ...] = (28, 28),
    limits: tuple[float, float] | None = (0.0, 255.0),
    units: int = 10,
    head: Head = Head.SOFTMAX,
) -> Signature:
    """The signature of a model with one input and one output."""
    return Signature(
        (Input("pixels", shape, FLOAT, limits),), (Output("output", (units,), FLOAT, head, None),)
    )
