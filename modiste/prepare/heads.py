"""What the numbers of a model's output mean, told from its last activation and its compiled loss."""

from modiste.artifact import Head, LossInfo

_EXCLUSIVE = frozenset(
    {"SparseCategoricalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy"}
)
_BINARY = frozenset({"BinaryCrossentropy", "BinaryFocalCrossentropy"})


def head_of(activation: str | None, units: int, loss: LossInfo | None) -> Head:
    """Return the head of an output.

    Args:
        activation: the name of the last activation; None or ``linear`` where there is none.
        units: the length of the output's last axis.
        loss: the compiled loss, which alone can tell logits from plain numbers.
    """
    if activation == "softmax":
        return Head.SOFTMAX
    if activation == "log_softmax":  # logarithms of probabilities are logits of them
        return Head.LOGITS
    if activation == "sigmoid":
        return Head.SIGMOID if units == 1 else Head.MULTI_LABEL
    if loss is not None and loss.config.get("from_logits"):
        if loss.name in _EXCLUSIVE and units > 1:
            return Head.LOGITS
        if loss.name in _BINARY:
            return Head.LOGIT if units == 1 else Head.MULTI_LABEL_LOGITS
    return Head.REGRESSION
