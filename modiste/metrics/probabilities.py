"""From the raw outputs of a model to what the service answers, whatever the head."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modiste.artifact import Head

# Kept: Python 3.11 takes long to find a member of an enum, and this is on the way of every answer.
_AS_THEY_ARE = (Head.SOFTMAX, Head.MULTI_LABEL, Head.REGRESSION)


def probabilities(outputs: ArrayLike, head: Head) -> NDArray[np.float32]:
    """Return what the service answers for raw outputs.

    Args:
        outputs: float [rows, units].
        head: what they mean.

    Returns:
        float32 [rows, classes]: probabilities of exclusive classes, or each label's own probability,
        or the numbers themselves for regression. One sigmoid or logit unit p becomes [1 - p, p].
    """
    raw = np.asarray(outputs, dtype=np.float32)
    if head in _AS_THEY_ARE:
        return raw
    match head:
        case Head.LOGITS:
            shifted = np.exp(raw - raw.max(axis=-1, keepdims=True))
            return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
        case Head.SIGMOID:
            return np.concatenate([1.0 - raw, raw], axis=-1)
        case Head.LOGIT:
            # Each side from its own logit: 1 - p would lose what little is left beside a p near 1.
            return np.concatenate([_sigmoid(-raw), _sigmoid(raw)], axis=-1)
        case _:  # multi-label logits
            return _sigmoid(raw)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    small = np.exp(-np.abs(logits))  # at most 1: it never overflows
    return np.asarray(np.where(logits >= 0, 1.0, small) / (1.0 + small), dtype=np.float32)
