"""Rows with true labels: JSON with ``instances`` and ``labels``, or an ``.npz`` with ``x`` and ``y``."""

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.codecs import json_explain, npy
from service.codecs.checks import checked
from service.codecs.shapes import to_rows
from service.errors import InvalidInput, MalformedBody, ServingError, TooLarge
from service.signature import Input

NPZ_CONTENT_TYPES = ("application/x-npz", "application/zip", "application/octet-stream")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRows:
    """Checked rows [n, *shape] of uint8 or float32, and the labels as they came: a list or an array."""

    rows: NDArray[Any]
    labels: Any


def from_object(document: dict[str, Any], tensor: Input) -> LabelledRows:
    """Return the rows and labels of ``{"instances": X, "labels": Y}``."""
    rows, _ = checked(json_explain.rows_of(document["instances"], tensor), tensor)
    if not isinstance(document["labels"], list):
        raise InvalidInput("labels: expected a list with one label a row")
    return LabelledRows(rows, document["labels"])


def from_npz(body: bytes, tensor: Input, max_bytes: int) -> LabelledRows:
    """Return the arrays ``x`` and ``y`` of an ``.npz`` file, read without pickle.

    Raises:
        MalformedBody: no ``.npz`` file, or a damaged one.
        InvalidInput: an array is missing, or does not fit the model.
        TooLarge: more than `max_bytes` when unpacked, whatever the archive declares.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            x, y = (_member(archive, name, max_bytes) for name in ("x", "y"))
    except (ServingError, MemoryError):
        raise
    except Exception as error:  # what zipfile and zlib raise for damaged files is of many kinds
        raise MalformedBody("expected a NumPy .npz file; it cannot be read") from error
    rows, _ = checked(to_rows(npy.read_array(x), tensor), tensor)
    return LabelledRows(rows, npy.read_array(y, kinds="uifU"))


def from_split(x: NDArray[np.uint8], y: NDArray[Any], tensor: Input) -> LabelledRows:
    """Return the rows and labels of a data set's split; a model of flat rows gets its images flat."""
    flat = len(tensor.shape) == 1
    rows, _ = checked(to_rows(x.reshape(len(x), -1) if flat else x, tensor), tensor)
    return LabelledRows(rows, y)


def _member(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    if f"{name}.npy" not in archive.namelist():
        raise InvalidInput("expected an .npz file with the arrays x and y")
    with archive.open(f"{name}.npy") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise TooLarge(f"an array of an .npz file may have {max_bytes} bytes")
    return content
