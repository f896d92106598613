"""Data sets: published ones by name, and one's own by path.

A published one is looked for on this machine first, and believed only where its sums agree. `load` gives a
whole data set, `load_split` one split of a published one without reading the other. Neither goes to the
network by itself: who may download passes a `Fetch`. Every failure is a `DatasetError`.
"""

from modiste.datasets.catalog import dataset_names, is_path, known, load, load_split
from modiste.datasets.errors import DatasetError, DatasetNotFoundError, OwnDataError, UnknownDatasetError
from modiste.datasets.places import Fetch
from modiste.datasets.records import SPLITS, Dataset, FoundFile, Known, Labels, Origin, Split, SplitName

__all__ = [
    "SPLITS",
    "Dataset",
    "DatasetError",
    "DatasetNotFoundError",
    "Fetch",
    "FoundFile",
    "Known",
    "Labels",
    "Origin",
    "OwnDataError",
    "Split",
    "SplitName",
    "UnknownDatasetError",
    "dataset_names",
    "is_path",
    "known",
    "load",
    "load_split",
]
