"""Safe reading of model files that may be hostile, without Keras.

`read` gives the checked content or raises a `Refused` with its `Reason`. The steps and what each
refuses are described in ``docs/model-files.md``.

The HDF5 library itself crashes on some damaged files and never comes back from others, so a program
that must go on calls `modiste.prepare.examine`, which reads in a child process.
"""

from modiste.reading.errors import Reason, Refused
from modiste.reading.limits import ReadingLimits
from modiste.reading.model_file import Findings, ModelFile, read

__all__ = ["Findings", "ModelFile", "ReadingLimits", "Reason", "Refused", "read"]
