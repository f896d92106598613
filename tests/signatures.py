"""Signatures of models that tests need in several places."""

from dataclasses import replace

from modiste.artifact import Head
from service.signature import Signature

FASHION = Signature(
    shape=(28, 28),
    range=(0.0, 255.0),
    units=10,
    head=Head.SOFTMAX,
    class_names=tuple(f"class {i}" for i in range(10)),
)


def like_fashion(**changes) -> Signature:
    """The signature of a Fashion-MNIST classifier, but for some fields."""
    return replace(FASHION, **changes)
