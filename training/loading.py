"""Finding the data that a recipe of any kind names."""

from pathlib import Path

from modiste.datasets import Dataset, DatasetNotFoundError, Fetch, load
from training.schema.data import Data


def load_data(data: Data, data_dir: Path | None = None, fetch: Fetch | None = None) -> Dataset:
    """Find the data of a recipe: in `data_dir`, in the usual places, and last by `fetch`, a download.

    Raises:
        DatasetError: they are nowhere to be found, or `data_dir` is no folder.
    """
    # Other places may have the data: nobody would learn that the name is misspelt.
    if data_dir is not None and not data_dir.is_dir():
        raise DatasetNotFoundError(f"There is no folder {data_dir} to look for the data in.")
    return load(
        data.dataset,
        data_dir,
        fetch,
        test_share=data.test,
        split_seed=data.split_seed,
        image_size=data.image_size,
        channels=data.channels,
    )
