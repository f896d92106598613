"""The datatypes of the protocol, and which of them a model's input can be made of without loss."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "FP16": np.dtype(np.float16),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}

BF16 = "BF16"
"""The upper half of a float32. NumPy has no such type; it exists in binary tensors alone."""

BYTES = "BYTES"
_HALVES = np.dtype(np.uint16)


def name_of(dtype: np.dtype[Any]) -> str:
    """Return the protocol's name of a dtype."""
    return _NAMES[dtype]


@lru_cache(maxsize=256)
def is_safe(datatype: str, dtype: np.dtype[Any]) -> bool:
    """Whether `dtype` holds every value of a datatype; False of what is no datatype."""
    held = np.dtype(np.float32) if datatype == BF16 else _DTYPES.get(datatype)
    return held is not None and np.can_cast(held, dtype, "safe")


def expected(dtype: np.dtype[Any]) -> str:
    """Say in words which datatypes an input of `dtype` takes."""
    safe = ", ".join(name for name in (*_DTYPES, BF16) if is_safe(name, dtype))
    return f"its datatype must be {name_of(dtype)}, or one that it holds without loss: {safe}"


def shown(datatype: object) -> str:
    """Return a datatype as a message may repeat it."""
    return datatype if isinstance(datatype, str) and datatype in (*_DTYPES, BF16, BYTES) else "no datatype"


def sent_as(datatype: str) -> np.dtype[Any]:
    """Return the dtype of a datatype's values as they are sent; of BF16, the one of its halves."""
    return _HALVES if datatype == BF16 else _DTYPES[datatype]


def from_bytes(data: memoryview, datatype: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the values of a binary tensor, little-endian, flat; a view but for BF16."""
    values: NDArray[Any] = np.frombuffer(data, dtype.newbyteorder("<"))
    if datatype == BF16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values


def strings_to_bytes(texts: NDArray[Any]) -> bytes:
    """Return texts as a binary tensor of BYTES: each behind its length, four bytes, little-endian."""
    encoded = [text.encode() for text in texts.reshape(-1).tolist()]
    return b"".join(len(one).to_bytes(4, "little") + one for one in encoded)
