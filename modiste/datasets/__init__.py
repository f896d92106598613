"""Published data sets: looked for on this machine first, and believed only where their sums agree.

`load` gives a whole data set, `load_split` one split of it without reading the other. Neither goes
to the network by itself: who may download passes a `Fetch`. Every failure is a `DatasetError`.
"""

from modiste.datasets.catalog import dataset_names, load, load_split
from modiste.datasets.errors import DatasetError, DatasetNotFoundError, UnknownDatasetError
from modiste.datasets.places import Fetch
from modiste.datasets.records import SPLITS, Dataset, FoundFile, Origin, Split, SplitName

__all__ = [
    "SPLITS",
    "Dataset",
    "DatasetError",
    "DatasetNotFoundError",
    "Fetch",
    "FoundFile",
    "Origin",
    "Split",
    "SplitName",
    "UnknownDatasetError",
    "dataset_names",
    "load",
    "load_split",
]
