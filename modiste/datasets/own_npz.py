"""Data of one's own in an ``.npz``: ``x_train``, ``y_train``, and if you like a test part and class names."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.datasets.errors import DamagedFileError, OwnDataError
from modiste.datasets.npz import array_names, read_arrays
from modiste.datasets.own_parts import OwnParts, Part, label_dtype

_NAMES = ("x_train", "y_train", "x_test", "y_test", "class_names")
_CHANNELS = (1, 3)


def read_npz(path: Path) -> OwnParts:
    """Read the arrays and check that they are a data set.

    Raises:
        OwnDataError: the file cannot be read, or an array is missing or not of the form that is expected.
    """
    try:
        arrays, unread = read_arrays(path, _NAMES), _unread(array_names(path))
    except DamagedFileError as error:
        raise OwnDataError(f"{path}: {error}") from error
    given = {name.partition("_")[2] for name in arrays if name in ("x_test", "y_test")}
    for name in ("x_train", "y_train", *(("x_test", "y_test") if given else ())):
        if name not in arrays:
            raise OwnDataError(
                f"{path}: it has no array {name!r}; expected x_train and y_train, "
                "or these with x_test and y_test"
            )
    x = {part: _images(path, f"x_{part}", arrays) for part in ("train", "test") if f"x_{part}" in arrays}
    y = {part: _labels(path, f"y_{part}", arrays, len(x[part])) for part in x}
    if "test" in x and x["test"].shape[1:] != x["train"].shape[1:]:
        raise OwnDataError(
            f"{path}: an image of x_train is {x['train'].shape[1:]} and one of x_test {x['test'].shape[1:]}; "
            "expected the same"
        )
    highest = int(max(labels.max() for labels in y.values()))
    names = _class_names(path, arrays, highest)
    dtype = label_dtype(len(names))
    parts = {part: Part(x[part], y[part].astype(dtype)) for part in x}
    return OwnParts(names, parts["train"], parts.get("test"), unread)


def _unread(names: tuple[str, ...]) -> tuple[str, ...]:
    """Say of each array that is none of the expected ones, as of one for validation, what would be read."""
    return tuple(
        f"array {name!r}: expected are {', '.join(_NAMES)}; images for validation are held out of x_train"
        for name in names
        if name not in _NAMES
    )


def _images(path: Path, name: str, arrays: dict[str, NDArray[Any]]) -> NDArray[np.uint8]:
    x = arrays[name]
    if x.dtype != np.uint8:
        raise OwnDataError(f"{path}: {name} is {x.dtype}; expected uint8 from 0 to 255")
    if x.ndim not in (3, 4) or (x.ndim == 4 and x.shape[3] not in _CHANNELS) or x.size == 0:
        raise OwnDataError(
            f"{path}: {name} is {x.shape}; expected [n, height, width] or [n, height, width, channels] "
            "of 1 or 3 channels, and at least one image"
        )
    return x[..., 0] if x.ndim == 4 and x.shape[3] == 1 else x


def _labels(path: Path, name: str, arrays: dict[str, NDArray[Any]], rows: int) -> NDArray[np.int64]:
    y = arrays[name]
    if y.ndim == 2 and y.shape[1] == 1:  # as keras.datasets gives those of CIFAR-10
        y = y[:, 0]
    if y.dtype.kind not in "iu" or y.shape != (rows,):
        raise OwnDataError(
            f"{path}: {name} is {y.dtype} {y.shape}; expected whole numbers of shape ({rows},), "
            "the class of each image"
        )
    if y.min() < 0 or y.max() >= 2**31:
        raise OwnDataError(
            f"{path}: {name} has the label {y.min() if y.min() < 0 else y.max()}; expected 0 to n-1"
        )
    return y.astype(np.int64)


def _class_names(path: Path, arrays: dict[str, NDArray[Any]], highest: int) -> tuple[str, ...]:
    if "class_names" not in arrays:
        if highest >= 100_000:
            raise OwnDataError(
                f"{path}: the highest label is {highest:,}; expected classes numbered 0 to n-1"
            )
        return tuple(str(number) for number in range(highest + 1))
    names = arrays["class_names"]
    if names.dtype.kind != "U" or names.ndim != 1:
        raise OwnDataError(f"{path}: class_names is {names.dtype} {names.shape}; expected a list of texts")
    if highest >= len(names):
        raise OwnDataError(f"{path}: the highest label is {highest}, but class_names has {len(names)} names")
    try:
        texts = _texts(names)
    except ValueError as error:
        raise OwnDataError(f"{path}: class_names is no text ({error})") from error
    if len(set(texts)) < len(texts):
        raise OwnDataError(f"{path}: class_names has the same name twice")
    return texts


def _texts(names: NDArray[Any]) -> tuple[str, ...]:
    """Decode strings of UTF-32; NumPy itself breaks off with a SystemError on what is no character."""
    little = names.dtype == names.dtype.newbyteorder("<")
    decoded = (name.tobytes().decode("utf-32-le" if little else "utf-32-be") for name in names[:, None])
    return tuple(text.rstrip("\0") for text in decoded)
