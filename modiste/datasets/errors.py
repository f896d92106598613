"""What can go wrong with a data set.

DatasetError
├── UnknownDatasetError      no data set or split has this name
├── DamagedFileError         the bytes are not a whole file of the format
├── UnusableFolderError      one folder does not hold the data set
│   └── AbsentFilesError     none of the files looked for is in it
├── OwnDataError             a path does not hold data in one of the forms for data of one's own
└── DatasetNotFoundError     no place holds it; the message names every place and what was wrong there
"""


class DatasetError(Exception):
    """A data set cannot be had; the message says why and what to do."""


class UnknownDatasetError(DatasetError):
    """No data set or split has this name; the message lists those that exist."""


class DamagedFileError(DatasetError):
    """The bytes are not a whole file of the format; the message goes on from the file's name."""


class UnusableFolderError(DatasetError):
    """One folder does not hold the data set: a file is missing, damaged or not the published one."""


class AbsentFilesError(UnusableFolderError):
    """None of the files that were looked for is in the folder."""


class OwnDataError(DatasetError):
    """What lies at a path is not data in a form that can be read; the message names the file."""


class DatasetNotFoundError(DatasetError):
    """No place holds the data set."""
