"""Data of one's own, by the path of an ``.npz`` or of a folder of pictures."""

from pathlib import Path

from modiste.artifact import file_sha256
from modiste.datasets.errors import OwnDataError
from modiste.datasets.own_folder import read_folder
from modiste.datasets.own_npz import read_npz
from modiste.datasets.own_parts import OwnParts, hold_out
from modiste.datasets.records import Dataset, FoundFile, Origin, Split

_NPZ = ".npz"


def load_own(
    path: Path,
    test_share: float,
    split_seed: int,
    image_size: tuple[int, int] | None,
    channels: int | None,
) -> Dataset:
    """Load the data at a path; where they have no test part, hold out `test_share` of each class.

    The name is the file's without its suffix, or the folder's.

    Raises:
        OwnDataError: there is nothing, or no data in a form that can be read.
    """
    where = path.expanduser().resolve()
    if where.is_dir():
        parts = read_folder(where, image_size, channels)
        return _dataset(where, where.name, parts, {}, test_share, split_seed)
    if where.is_file() and where.suffix == _NPZ:
        parts = read_npz(where)
        files = {where.name: FoundFile(where, "plain", file_sha256(where))}
        return _dataset(where, where.stem, parts, files, test_share, split_seed)
    came = "a file of another kind" if where.exists() else "nothing"
    raise OwnDataError(f"{where}: {came} is there; expected an .npz file or a folder of pictures by class")


def _dataset(
    where: Path, name: str, parts: OwnParts, files: dict[str, FoundFile], share: float, seed: int
) -> Dataset:
    train, test = parts.train, parts.test
    if test is None:
        train, test = hold_out(train, share, seed)
        if not len(test.y):
            raise OwnDataError(
                f"{where}: every class has one image, so none can be held out to test on; expected more, "
                "or a test part"
            )
    origin = Origin("the given path", where)
    for array in (train.x, train.y, test.x, test.y):
        array.flags.writeable = False
    return Dataset(
        name,
        parts.class_names,
        Split("train", parts.class_names, train.x, train.y, files, origin),
        Split("test", parts.class_names, test.x, test.y, files, origin),
        origin,
        parts.unread,
    )
