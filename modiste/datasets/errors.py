"""What can go wrong with a data set.

DatasetError
├── UnknownDatasetError    no data set or split has this name
├── UnusableFolderError    one folder does not hold the data set
└── DatasetNotFoundError   no place holds it; the message names every place and what was wrong there
"""


class DatasetError(Exception):
    """A data set cannot be had; the message says why and what to do."""


class UnknownDatasetError(DatasetError):
    """No data set or split has this name; the message lists those that exist."""


class UnusableFolderError(DatasetError):
    """One folder does not hold the data set: a file is missing, damaged or not the published one."""


class DatasetNotFoundError(DatasetError):
    """No place holds the data set."""
