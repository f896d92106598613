"""Safe reading of model files that may be hostile, without Keras.

`model_file.read` gives the checked content or raises a `Refused` with its `Reason`. The steps and what each
refuses are described in ``docs/model-files.md``. It is not gathered here: a server needs the reasons
alone, and the HDF5 library would cost it ten megabytes.

The HDF5 library itself crashes on some damaged files and never comes back from others, so a program
that must go on calls `modiste.prepare.examine`, which reads in a child process.
"""

from modiste.reading.errors import Reason, Refused
from modiste.reading.findings import Findings
from modiste.reading.limits import ReadingLimits

__all__ = ["Findings", "ReadingLimits", "Reason", "Refused"]
