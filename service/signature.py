"""What one model version takes and what its numbers mean: all that a codec or a dialect may know of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from modiste.artifact import ArtifactError, Head, Metadata, Summary, TensorSpec
from modiste.metrics import class_count

T = TypeVar("T")


@dataclass(frozen=True)
class Tensor:
    """An input or output of a model version; `shape` is without the batch axis, None for any length."""

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether the concrete shape of one row is this one's."""
        return len(shape) == len(self.shape) and all(
            want is None or got == want for got, want in zip(shape, self.shape, strict=True)
        )


@dataclass(frozen=True)
class Input(Tensor):
    """An input.

    `range` is None where nothing states it: values are then checked for fitting the dtype alone. What
    follows from the fields is worked out once, not at each request.
    """

    range: tuple[float, float] | None

    @cached_property
    def row_size(self) -> int | None:
        """Values in one row; None where an axis has any length."""
        sizes = [n for n in self.shape if n is not None]
        return math.prod(sizes) if len(sizes) == len(self.shape) else None

    @cached_property
    def concrete_shape(self) -> tuple[int, ...] | None:
        """The row shape, where every axis has a length."""
        shape = tuple(n for n in self.shape if n is not None)
        return shape if len(shape) == len(self.shape) and all(shape) else None

    @cached_property
    def takes_bytes(self) -> bool:
        """Whether the values are 0 to 255, so that one byte holds each."""
        return self.range == (0.0, 255.0)

    def expected(self) -> str:
        """Say in words what `instances` may be, for messages."""
        dims = "x".join("?" if n is None else str(n) for n in self.shape) or "1"
        flat = f", or flat rows of {self.row_size}" if self.row_size and len(self.shape) > 1 else ""
        return f"one array of {dims} numbers or a list of them{flat}"


@dataclass(frozen=True)
class Output(Tensor):
    """An output; `head` says what its numbers mean. Where it is no vector, they are plain numbers."""

    head: Head
    class_names: tuple[str, ...] | None

    @cached_property
    def units(self) -> int:
        """The length of the last axis."""
        return (self.shape[-1] if self.shape else 1) or 1

    @cached_property
    def classes(self) -> int:
        """Classes of the answer: one unit of a binary head stands for two; 0 for plain numbers."""
        return class_count(self.head, self.units)

    def label(self, index: int) -> str | None:
        """Return the name of a class, where the version has names."""
        return self.class_names[index] if self.class_names else None


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a model version, in the order of the model's own."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]

    @classmethod
    def of(cls, summary: Summary, metadata: Metadata | None) -> "Signature":
        """Combine what preparing found out with what the trainer states; the trainer's word counts more.

        Raises:
            ArtifactError: the two do not fit, or a tensor is of no numbers.
        """
        stated = metadata or Metadata()
        inputs = tuple(_input(spec, stated, i == 0) for i, spec in enumerate(summary.inputs))
        outputs = tuple(
            _output(spec, summary.head if i == 0 else None, stated, i == 0)
            for i, spec in enumerate(summary.outputs)
        )
        for tensors in (inputs, outputs):
            if len({tensor.name for tensor in tensors}) < len(tensors):
                raise ArtifactError("two inputs, or two outputs, of the model have one name")
        return cls(inputs, outputs)

    @cached_property
    def input(self) -> Input:
        """The first input, which is the only one of most models."""
        return self.inputs[0]

    @cached_property
    def output(self) -> Output:
        """The first output, which is the only one of most models."""
        return self.outputs[0]

    @cached_property
    def sole_input(self) -> Input | None:
        """The input, where there is one and no more."""
        return self.inputs[0] if len(self.inputs) == 1 else None

    @cached_property
    def inputs_by_name(self) -> Mapping[str, Input]:
        """Every input by its name, in order."""
        return {tensor.name: tensor for tensor in self.inputs}

    @cached_property
    def is_plain(self) -> bool:
        """Whether there is one input and one output."""
        return len(self.inputs) == len(self.outputs) == 1


def _input(spec: TensorSpec, stated: Metadata, first: bool) -> Input:
    limits = _of(stated.input_range, spec, first) or spec.range
    return Input(spec.name, spec.shape[1:], _dtype(spec), limits)


def _output(spec: TensorSpec, head: Head | None, stated: Metadata, first: bool) -> Output:
    found = _of(stated.head, spec, first) or spec.head or head or Head.REGRESSION
    if len(spec.shape) != 2:
        found = Head.REGRESSION
    output = Output(spec.name, spec.shape[1:], _dtype(spec), found, _of(stated.class_names, spec, first))
    names = output.class_names
    if names is not None and output.classes and len(names) != output.classes:
        raise ArtifactError(f"the metadata names {len(names)} classes; the model has {output.classes}")
    return output


def _of(stated: T | Mapping[str, T] | None, spec: TensorSpec, first: bool) -> T | None:
    """Return what the metadata state of a tensor: by its name, or without one of the first."""
    if isinstance(stated, Mapping):
        return stated.get(spec.name)
    return stated if first else None


def _dtype(spec: TensorSpec) -> np.dtype[Any]:
    """Whole numbers and booleans as they are declared; everything else is computed in float32."""
    if spec.dtype == "string":
        raise ArtifactError(f"{spec.name} is a tensor of texts; tensors of numbers can be served")
    try:
        dtype = np.dtype(spec.dtype)
    except TypeError:  # bfloat16, which NumPy does not know
        return np.dtype(np.float32)
    return dtype if dtype.kind in "iub" else np.dtype(np.float32)
