"""``application/octet-stream``: uint8 rows, one after the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, UnsupportedMediaType
from service.signature import Input

CONTENT_TYPE = "application/octet-stream"


def decode(body: bytes, tensor: Input) -> NDArray[Any]:
    """Return uint8 rows [n, *tensor.shape], a view of the body.

    Raises:
        UnsupportedMediaType: the model's values do not fit one byte each.
        InvalidInput: the length is no whole number of rows.
    """
    shape = tensor.concrete_shape
    if not tensor.takes_bytes or shape is None:
        raise UnsupportedMediaType(
            "raw bytes are one uint8 a value, for models that take 0 to 255; send JSON or .npy to this one"
        )
    size = tensor.row_size or 0
    if not body or len(body) % size:
        raise InvalidInput(f"expected a multiple of {size} bytes, one a value; got {len(body)} bytes")
    return np.frombuffer(body, np.uint8).reshape((-1, *shape))
