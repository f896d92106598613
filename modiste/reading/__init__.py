"""Safe reading of model files that may be hostile, without Keras.

`inspect` gives a verdict, `read` the checked content or a `Refused` with its `Reason`. The steps and
what each refuses are described in ``docs/model-files.md``.
"""

from modiste.reading.errors import Reason, Refused
from modiste.reading.limits import ReadingLimits
from modiste.reading.model_file import ModelFile, Verdict, inspect, read

__all__ = ["ModelFile", "ReadingLimits", "Reason", "Refused", "Verdict", "inspect", "read"]
