"""Preparing model files: from a ``.keras`` or ``.h5`` file to ``summary.json`` and ``model.onnx``.

`prepare` does it in a child process and imports no Keras here; `available` and `available_unconverted`
say whether it can, and `examine` goes as far as no Keras is needed. The modules that import Keras are run
by the child alone (see `modiste.prepare.child` for the steps) and by the Keras engine
(`modiste.prepare.loading`).
"""

from modiste.prepare.errors import (
    Failure,
    PrepareCancelled,
    PrepareError,
    PrepareFailed,
    PrepareRefused,
)
from modiste.prepare.limits import PrepareLimits
from modiste.prepare.parent import Verdict, available, available_unconverted, examine, prepare
from modiste.prepare.process import Cancellation

__all__ = [
    "Cancellation",
    "Failure",
    "PrepareCancelled",
    "PrepareError",
    "PrepareFailed",
    "PrepareLimits",
    "PrepareRefused",
    "Verdict",
    "available",
    "available_unconverted",
    "examine",
    "prepare",
]
