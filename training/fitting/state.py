"""Everything that a fit must remember between two epochs, in one file that is whole at any moment.

An epoch is a function of this state, the recipe's seed and the epoch's number: weights, the
optimizer's moments and rate, the states of the layers' random generators, the figures so far and the
best weights so far. So a run that is killed and goes on from here ends as one that was not.
"""

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np
from numpy.typing import NDArray

from training.errors import RunError

Arrays = list[NDArray[Any]]
_HISTORY, _BEST = "history", "best"


@dataclass(frozen=True, slots=True, eq=False)
class FitState:
    """After some epoch: `history` by figure, all `variables`, and the `best` weights where one is kept."""

    history: dict[str, list[float]]
    variables: Arrays
    best: Arrays | None


def capture(model: Any) -> Arrays:
    """Return copies of a compiled model's variables: weights, random states, the optimizer's."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in _variables(model)]


def restore(model: Any, values: Sequence[NDArray[Any]]) -> None:
    """Put variables back that `capture` returned for the same network.

    Raises:
        RunError: they are of another network, or of another release of Keras.
    """
    variables = _variables(model)
    found = [tuple(value.shape) for value in values]
    if found != [tuple(variable.shape) for variable in variables]:
        raise RunError("The run's stored variables do not fit the network: begin another run.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _variables(model: Any) -> list[Any]:
    model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def save(path: Path, state: FitState) -> None:
    """Write the state beside `path` and rename it there: a kill leaves the old one or the new one."""
    arrays = {f"variable_{i}": array for i, array in enumerate(state.variables)}
    arrays |= {f"{_BEST}_{i}": array for i, array in enumerate(state.best or [])}
    arrays[_HISTORY] = np.frombuffer(json.dumps(state.history).encode(), np.uint8)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its stubs take keywords for its own options
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def load(path: Path) -> FitState:
    """Read what `save` wrote.

    Raises:
        RunError: the file cannot be read, or is damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            history = json.loads(stored[_HISTORY].tobytes())
            return FitState(history, _numbered(stored, "variable"), _numbered(stored, _BEST) or None)
    except (OSError, EOFError, ValueError, KeyError, AttributeError, zlib.error, BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
        raise RunError(f"The run's state {path} cannot be read: {reason}.") from error


def _numbered(stored: Any, stem: str) -> Arrays:
    count = sum(name.startswith(f"{stem}_") for name in stored.files)
    return [stored[f"{stem}_{i}"] for i in range(count)]
