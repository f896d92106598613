"""Keras's losses in NumPy: the same number for the same outputs, without Keras.

A loss is known here by its class's name and settings, as `modiste.artifact.LossInfo` holds them. What
is not known, or cannot be told from a model's outputs alone, gives None, never a guess.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.artifact import Head, LossInfo

Floats = NDArray[np.float64]
_Loss = Callable[[Floats, Floats, Mapping[str, Any], Head], Floats | None]

EPSILON = 1e-7
"""Keras's ``backend.epsilon()``, where it clips probabilities that it cannot see through."""

# The least positive float32: what a probability of 0 may have been before it was rounded.
_LEAST = float(np.finfo(np.float32).smallest_subnormal)
# Half the step of float32 below 1: what a probability of 1 may lack of it.
_LEAST_OF_ONE = float(np.finfo(np.float32).epsneg) / 2

_MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "auto")


def loss_values(loss: LossInfo, head: Head, outputs: Floats, targets: Floats) -> Floats | None:
    """Return the loss of each row, or None where the loss is not known here.

    Args:
        loss: the compiled loss.
        head: what the outputs mean.
        outputs: float64 [rows, units], as the model put them out.
        targets: float64 [rows, units]: one-hot where classes exclude each other.

    Returns:
        float64 [rows], whose mean is what ``model.evaluate`` calls the loss of the data.
    """
    compute = _LOSSES.get(loss.name)
    settings = loss.config
    reduced = settings.get("reduction", "sum_over_batch_size") in _MEANS
    plain = settings.get("axis", -1) == -1 and settings.get("ignore_class") is None
    if compute is None or not reduced or not plain:
        return None
    values = compute(targets, outputs, settings, head)
    return None if values is None else values * loss.weight


def log_softmax(logits: Floats) -> Floats:
    """Return the logarithm of softmax over the last axis, stable for large numbers."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _categorical(targets: Floats, outputs: Floats, settings: Mapping[str, Any], head: Head) -> Floats | None:
    if outputs.shape[-1] < 2:
        return None
    smoothing = float(settings.get("label_smoothing") or 0.0)
    smooth = targets * (1.0 - smoothing) + smoothing / targets.shape[-1]
    return np.asarray(-(smooth * _log_probabilities(outputs, settings, head)).sum(axis=-1))


def _log_probabilities(outputs: Floats, settings: Mapping[str, Any], head: Head) -> Floats:
    """Return what Keras takes the logarithm of: it looks through a softmax to its logits.

    So a probability of 1e-12 costs 27.6 and not the 16.1 that clipping at 1e-7 would make of it.
    """
    if head is Head.SOFTMAX:
        return np.log(np.maximum(outputs, _LEAST))
    if settings.get("from_logits"):
        return log_softmax(outputs)
    return log_softmax(np.log(np.clip(outputs, EPSILON, 1.0 - EPSILON)))


def _binary(targets: Floats, outputs: Floats, settings: Mapping[str, Any], head: Head) -> Floats | None:
    if head is Head.SOFTMAX:
        return None  # Keras takes the softmax's logits for logits of sigmoids; they cannot be told from here
    smoothing = float(settings.get("label_smoothing") or 0.0)
    smooth = targets * (1.0 - smoothing) + 0.5 * smoothing
    return np.asarray(_binary_crossentropy(smooth, outputs, settings, head).mean(axis=-1))


def _binary_crossentropy(targets: Floats, outputs: Floats, settings: Mapping[str, Any], head: Head) -> Floats:
    if head in (Head.SIGMOID, Head.MULTI_LABEL):
        return -(
            targets * np.log(np.maximum(outputs, _LEAST))
            + (1.0 - targets) * np.log(np.maximum(1.0 - outputs, _LEAST_OF_ONE))
        )
    if settings.get("from_logits"):
        return np.maximum(outputs, 0.0) - outputs * targets + np.log1p(np.exp(-np.abs(outputs)))
    clipped = np.clip(outputs, EPSILON, 1.0 - EPSILON)
    return -(targets * np.log(clipped) + (1.0 - targets) * np.log(1.0 - clipped))


def _squared(targets: Floats, outputs: Floats, _: Mapping[str, Any], __: Head) -> Floats:
    return np.asarray(np.square(targets - outputs).mean(axis=-1))


def _absolute(targets: Floats, outputs: Floats, _: Mapping[str, Any], __: Head) -> Floats:
    return np.asarray(np.abs(targets - outputs).mean(axis=-1))


def _percentage(targets: Floats, outputs: Floats, _: Mapping[str, Any], __: Head) -> Floats:
    relative = np.abs(targets - outputs) / np.maximum(np.abs(targets), EPSILON)
    return np.asarray(100.0 * relative.mean(axis=-1))


def _logarithmic(targets: Floats, outputs: Floats, _: Mapping[str, Any], __: Head) -> Floats:
    difference = np.log1p(np.maximum(targets, EPSILON)) - np.log1p(np.maximum(outputs, EPSILON))
    return np.asarray(np.square(difference).mean(axis=-1))


def _huber(targets: Floats, outputs: Floats, settings: Mapping[str, Any], _: Head) -> Floats:
    delta = float(settings.get("delta", 1.0))  # Keras 3.15 does not save it, and evaluates with 1 itself
    error = np.abs(targets - outputs)
    return np.asarray(np.where(error <= delta, 0.5 * error**2, delta * error - 0.5 * delta**2).mean(axis=-1))


def _log_cosh(targets: Floats, outputs: Floats, _: Mapping[str, Any], __: Head) -> Floats:
    error = outputs - targets
    return np.asarray((np.logaddexp(error, -error) - np.log(2.0)).mean(axis=-1))


def _poisson(targets: Floats, outputs: Floats, _: Mapping[str, Any], __: Head) -> Floats:
    return np.asarray((outputs - targets * np.log(outputs + EPSILON)).mean(axis=-1))


def _divergence(targets: Floats, outputs: Floats, _: Mapping[str, Any], __: Head) -> Floats:
    wanted, found = np.clip(targets, EPSILON, 1.0), np.clip(outputs, EPSILON, 1.0)
    return np.asarray((wanted * np.log(wanted / found)).sum(axis=-1))


_LOSSES: dict[str, _Loss] = {
    "SparseCategoricalCrossentropy": _categorical,
    "CategoricalCrossentropy": _categorical,
    "BinaryCrossentropy": _binary,
    "MeanSquaredError": _squared,
    "MeanAbsoluteError": _absolute,
    "MeanAbsolutePercentageError": _percentage,
    "MeanSquaredLogarithmicError": _logarithmic,
    "Huber": _huber,
    "LogCosh": _log_cosh,
    "Poisson": _poisson,
    "KLDivergence": _divergence,
}
