"""What one model version takes and what its numbers mean: all that a codec or a dialect may know of it."""

import math
from dataclasses import dataclass
from functools import cached_property

from modiste.artifact import Head, Metadata, Summary
from modiste.metrics import class_count


@dataclass(frozen=True)
class Signature:
    """The input of a model version, without the batch axis, and the meaning of its output.

    `shape` may hold None for an axis of any length. `range` is None where nothing states it: values
    are then checked for being finite alone. What follows from the fields is worked out once, not at each
    request.
    """

    shape: tuple[int | None, ...]
    range: tuple[float, float] | None
    units: int
    head: Head
    class_names: tuple[str, ...] | None

    @classmethod
    def of(cls, summary: Summary, metadata: Metadata | None) -> "Signature":
        """Combine what preparing found out with what the trainer states; the trainer's word counts more."""
        stated = metadata or Metadata()
        first_input, first_output = summary.inputs[0], summary.outputs[0]
        head = stated.head or summary.head
        units = first_output.shape[-1] or 1
        return cls(
            shape=first_input.shape[1:],
            range=stated.input_range or first_input.range,
            units=units,
            head=head,
            class_names=stated.class_names,
        )

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

    @cached_property
    def classes(self) -> int:
        """Classes of the answer: one unit of a binary head stands for two; 0 for plain numbers."""
        return class_count(self.head, self.units)

    def expected(self) -> str:
        """Say in words what `instances` may be, for messages."""
        dims = "x".join("?" if n is None else str(n) for n in self.shape) or "1"
        flat = f", or flat rows of {self.row_size}" if self.row_size and len(self.shape) > 1 else ""
        return f"one array of {dims} numbers or a list of them{flat}"

    def label(self, index: int) -> str | None:
        """Return the name of a class, where the version has names."""
        return self.class_names[index] if self.class_names else None
