"""Finding the data that a recipe of any kind names."""

from pathlib import Path

from modiste.datasets import Dataset, Fetch, load
from training.schema.data import Data


def load_data(data: Data, data_dir: Path | None = None, fetch: Fetch | None = None) -> Dataset:
    """Find the data of a recipe: in `data_dir`, in the usual places, and last by `fetch`, a download.

    Raises:
        DatasetError: they are nowhere to be found.
    """
    return load(
        data.dataset,
        data_dir,
        fetch,
        test_share=data.test,
        split_seed=data.split_seed,
        image_size=data.image_size,
        channels=data.channels,
    )
