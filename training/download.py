"""The last place to look for a data set: the download of `keras.datasets`, into Keras's own cache."""

import os
import tempfile
from pathlib import Path

import keras

from modiste.datasets import DatasetError


def download_with_keras(name: str) -> Path:
    """Download a data set through ``keras.datasets`` and return Keras's folder of data sets.

    Of what Keras reads there nothing is used: the files it leaves are checked and read as all others.

    Raises:
        DatasetError: the download failed, or what it left cannot be read.
    """
    try:
        getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises a bare Exception where a download fails
        raise DatasetError(f"keras.datasets.{name} failed: {error}") from error
    return _cache() / "datasets"


def _cache() -> Path:
    """Return where Keras keeps downloads: beside the system's temporary files where its home is read-only."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    if os.access(home, os.W_OK):
        return home
    return (Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())) / ".keras"
