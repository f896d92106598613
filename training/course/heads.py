"""Experiment 12: six heads with their losses, and what each answers once it is served."""

import numpy as np

from modiste.artifact import Head
from training.course.figures import number, small
from training.course.lab import Lab
from training.course.outcome import Claim, Outcome, Table
from training.trained import Trained

HEADS = (
    "softmax-sparse",
    "logits-sparse",
    "softmax-categorical",
    "sigmoid-binary",
    "logit-binary",
    "linear-squared",
)
_TOLERANCE = 1e-5


def heads(lab: Lab) -> Outcome:
    """Train each head shortly, and look at its answers to the whole test data."""
    rows, good = [], 0
    for head in HEADS:
        trained = lab.model(lab.train(f"fashion-head-{head}"))
        says, holds = _answer(trained)
        good += holds
        rows.append([head, f"`{trained.recipe.loss.name}`", says, _score(trained)])
    claim = Claim(
        "a served prediction is a probability or a number, whatever the head",
        f"{good} of {len(HEADS)} heads",
        good == len(HEADS),
    )
    findings = (
        "The answers are those that a server gives: the outputs, through the head that the version states.",
        _rest(lab),
    )
    return Outcome(
        (claim,), findings, (Table(["head", "loss", "answers", "on test data"], rows, numbers=False),)
    )


def _answer(trained: Trained) -> tuple[str, bool]:
    """Say what the answers [rows, classes] are, and whether they are what they must be."""
    answers = trained.tested.answers
    finite = bool(np.isfinite(answers).all())
    if trained.head is Head.REGRESSION:
        return f"numbers from {answers.min():.3f} to {answers.max():.3f}", finite
    off = float(np.abs(answers.sum(axis=1) - 1).max())
    within = bool(answers.min() >= 0 and answers.max() <= 1)
    text = f"{answers.shape[1]} probabilities; their sum is off 1 by {small(off)} at most"
    return text, finite and within and off <= _TOLERANCE


def _score(trained: Trained) -> str:
    scores = trained.tested.scores
    if scores.accuracy is not None:
        return f"accuracy {number(scores.accuracy)}"
    assert scores.mean_absolute_error is not None, "a model without accuracy gives numbers"
    return f"mean absolute error {number(scores.mean_absolute_error)}"


def _rest(lab: Lab) -> str:
    trained = lab.model(lab.train("fashion-head-sigmoid-binary"))
    target, share = trained.recipe.data.target, float((trained.tested.labels == 0).mean())
    name = getattr(target, "class_name", "")
    return f"The binary heads tell {name} from the rest, and {share:.1%} of the test images are of the rest."
