"""Data of one's own as pictures: a folder for each class, under ``train`` and ``test`` or alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from modiste.datasets.errors import OwnDataError
from modiste.datasets.own_parts import OwnParts, Part, label_dtype
from modiste.pictures import Mode, pixels

_SUFFIXES = (".png", ".jpg", ".jpeg")
_FORMATS = ("PNG", "JPEG")
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L")
_TURNED = (5, 6, 7, 8)  # EXIF orientations that lie on their side
_ORIENTATION = 0x0112
_ORDER_SEED = 0


def read_folder(root: Path, image_size: tuple[int, int] | None, channels: int | None) -> OwnParts:
    """Read every picture; labels are the places of the class folders' names in alphabetical order.

    Rows come in an order drawn at random, always the same one, since by file they would be sorted by class.

    Args:
        root: the folder.
        image_size: height and width to bring each picture to; None wants all of one size.
        channels: 1 for grey, 3 for colour; None takes grey where every picture is grey.

    Raises:
        OwnDataError: no such layout, a class without pictures, a file that is no picture, or pictures of
            several sizes and no `image_size`.
    """
    files = _files(root)
    names = tuple(files["train"])
    strangers = sorted(set(files.get("test", {})) - set(names))
    if strangers:
        raise OwnDataError(f"{root / 'test' / strangers[0]}: no class of this name is under {root / 'train'}")
    listed = {part: _listed(classes, names) for part, classes in files.items()}
    size, mode = _form(sorted(path for paths, _ in listed.values() for path in paths), image_size, channels)
    dtype = label_dtype(len(names))
    parts = {part: Part(_decoded(paths, size, mode), y.astype(dtype)) for part, (paths, y) in listed.items()}
    return OwnParts(names, parts["train"], parts.get("test"), _unread(root))


def _files(root: Path) -> dict[str, dict[str, list[Path]]]:
    """Return the pictures by part and class; the part ``test`` only where there is such a folder."""
    if not _folders(root / "train"):
        return {"train": _classes(root)}
    parts = {"train": _classes(root / "train")}
    if _folders(root / "test"):
        parts["test"] = _classes(root / "test", empty_allowed=True)
    return parts


def _unread(root: Path) -> tuple[str, ...]:
    """Say of each folder beside the parts, as of one for validation, that it is none of them, and why."""
    if not _folders(root / "train"):
        return ()
    return tuple(
        f"{one}: the parts are 'train' and 'test'; images for validation are held out of 'train' "
        "(lay these into it to use them)"
        for one in _folders(root)
        if one.name not in ("train", "test")
    )


def _classes(folder: Path, empty_allowed: bool = False) -> dict[str, list[Path]]:
    classes = {one.name: _pictures(one) for one in _folders(folder)}
    if len(classes) < 2 and not empty_allowed:
        raise OwnDataError(
            f"{folder}: it has {len(classes)} folders of pictures; expected one for each class, "
            "at least two, or such folders under 'train' and 'test'"
        )
    for name, found in classes.items():
        if not found and not empty_allowed:
            raise OwnDataError(f"{folder / name}: no pictures; expected .png, .jpg or .jpeg files")
    if not any(classes.values()):
        raise OwnDataError(
            f"{folder}: no pictures; expected .png, .jpg or .jpeg files in a folder for each class"
        )
    return classes


def _folders(folder: Path) -> list[Path]:
    return [one for one in _visible(folder) if one.is_dir()]


def _pictures(folder: Path) -> list[Path]:
    found = _visible(folder)
    for one in found:
        if one.suffix.lower() not in _SUFFIXES or not one.is_file():
            raise OwnDataError(
                f"{one}: expected a picture, .png, .jpg or .jpeg, and nothing else in a class folder"
            )
    return found


def _visible(folder: Path) -> list[Path]:
    """Return what is in a folder, by name, without what systems leave there unseen (.DS_Store, Thumbs.db)."""
    if not folder.is_dir():
        return []
    unseen = ("Thumbs.db", "desktop.ini", "__MACOSX")
    try:
        return sorted(
            one for one in folder.iterdir() if not one.name.startswith(".") and one.name not in unseen
        )
    except OSError as error:
        raise OwnDataError(f"{folder}: it cannot be read: {error.strerror}") from error


def _listed(classes: dict[str, list[Path]], names: Sequence[str]) -> tuple[list[Path], NDArray[np.int64]]:
    listed = [(path, number) for number, name in enumerate(names) for path in classes.get(name, ())]
    order = np.random.default_rng(_ORDER_SEED).permutation(len(listed))
    return [listed[at][0] for at in order], np.array([listed[at][1] for at in order], np.int64)


def _form(
    paths: Sequence[Path], image_size: tuple[int, int] | None, channels: int | None
) -> tuple[tuple[int, int], Mode]:
    """Return the size and the mode of all pictures, from their headers alone."""
    size, first, grey = image_size, paths[0], True
    for path in paths:
        with _opened(path) as picture:
            grey = grey and picture.mode in _GREY
            turned = picture.getexif().get(_ORIENTATION) in _TURNED
            upright = (picture.width, picture.height) if turned else (picture.height, picture.width)
        size = size or upright
        if image_size is None and upright != size:
            raise OwnDataError(
                f"{path}: it is {upright[0]}x{upright[1]} (height x width) and {first} is "
                f"{size[0]}x{size[1]}; expected pictures of one size, or give the size to bring them to"
            )
    assert size is not None  # there is at least one picture
    return size, "L" if (grey if channels is None else channels == 1) else "RGB"


def _decoded(paths: Sequence[Path], size: tuple[int, int], mode: Mode) -> NDArray[np.uint8]:
    x = np.empty((len(paths), *size, *(() if mode == "L" else (3,))), np.uint8)
    for row, path in enumerate(paths):
        with _opened(path) as picture:
            x[row] = pixels(picture, mode, size)
    return x


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            yield picture
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise OwnDataError(
            f"{path}: expected a whole PNG or JPEG picture; it is damaged or another file"
        ) from error
