"""From the array that a client sent to rows of the model's shape."""

from typing import Any

from numpy.typing import NDArray

from service.errors import InvalidInput
from service.signature import Input

Shape = tuple[int | None, ...]


def matches(shape: tuple[int, ...], expected: Shape) -> bool:
    """Whether a concrete shape fits one that may hold None for any length."""
    return len(shape) == len(expected) and all(
        want is None or got == want for got, want in zip(shape, expected, strict=True)
    )


def to_rows(array: NDArray[Any], tensor: Input) -> NDArray[Any]:
    """Return `array` as rows [n, *tensor.shape].

    Tried in this order: a batch of the exact shape; one row of it; a batch of flat rows; one flat
    row; and the same without the channel axis where the model has a single channel.

    Raises:
        InvalidInput: none of them fits, or there is no row.
    """
    rows = _to_rows(array, tensor)
    if rows is None:
        raise InvalidInput(f"expected {tensor.expected()}; got an array of shape {describe(array.shape)}")
    if not len(rows):
        raise InvalidInput(f"expected {tensor.expected()}; got none")
    return rows


def _to_rows(array: NDArray[Any], tensor: Input) -> NDArray[Any] | None:
    got, shape = array.shape, tensor.shape
    if matches(got[1:], shape):
        return array
    if matches(got, shape):
        return array[None]
    size = tensor.row_size
    if size is not None:
        concrete = tuple(n for n in shape if n is not None)
        if len(got) == 2 and got[1] == size:
            return array.reshape((got[0], *concrete))
        if got == (size,):
            return array.reshape((1, *concrete))
        if len(concrete) > 1 and concrete[-1] == 1 and got[-len(concrete) + 1 :] == concrete[:-1]:
            return array.reshape((-1, *concrete))
    return None


def describe(shape: tuple[int, ...]) -> str:
    """Write a shape as people say it: ``3x28x28``; a single number has none."""
    return "x".join(map(str, shape)) or "a single number"
