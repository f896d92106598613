"""Experiments 1, 2, 4, 10 and 11: train, and set the figures beside their references."""

from training.baseline import cross_validate
from training.course.figures import compared
from training.course.lab import Lab
from training.course.outcome import Comparison, Outcome


def logistic_regression(lab: Lab) -> Outcome:
    """Experiment 1: the mean accuracy of a cross-validated linear classifier."""
    return Outcome((_baseline(lab, "fashion-baseline", "mean accuracy of 5 folds", 0.8196),))


def one_layer(lab: Lab) -> Outcome:
    """Experiment 2: one dense layer."""
    return _three_figures(lab, "fashion-one-layer", 0.8526, 0.4335, 0.8590)


def relu(lab: Lab) -> Outcome:
    """Experiment 4: a hidden layer of ReLU units."""
    return _three_figures(lab, "fashion-relu", 0.8816, 0.3423, 0.8785)


def digits(lab: Lab) -> Outcome:
    """Experiment 10: the baseline, one layer and a hidden layer on digits."""
    checks = [_baseline(lab, "mnist-baseline", "baseline: mean accuracy of 5 folds", None)]
    for name, what in (("mnist-one-layer", "one layer"), ("mnist-relu", "hidden layer")):
        row = lab.train(name)
        checks.append(compared(f"{what}: validation accuracy", [row], "val_accuracy"))
        checks.append(compared(f"{what}: test accuracy", [row], "test_accuracy"))
    baseline, _, linear, _, hidden = (check.mean for check in checks)
    rises = "rises as it does" if baseline < linear < hidden else "does not rise as it does"
    found = (
        f"From the baseline to one layer to a hidden layer the accuracy {rises} on clothes: "
        f"{baseline:.4f}, {linear:.4f}, {hidden:.4f}."
    )
    return Outcome(tuple(checks), (found, _provenance(lab)))


def colours(lab: Lab) -> Outcome:
    """Experiment 11: a network of two hidden layers on colour images."""
    row = lab.train("cifar-mlp")
    checks = (
        compared("test accuracy (reported: 0.41 to 0.55)", [row], "test_accuracy", 0.41),
        compared("validation accuracy", [row], "val_accuracy"),
    )
    return Outcome(checks, (f"The network has {row.parameters:,} parameters.",))


def _three_figures(lab: Lab, name: str, accuracy: float, loss: float, validation: float) -> Outcome:
    rows = lab.train_all(name)
    checks = (
        compared("training accuracy", rows, "accuracy", accuracy),
        compared("validation loss", rows, "val_loss", loss, lower=True),
        compared("validation accuracy", rows, "val_accuracy", validation),
        compared("test accuracy", rows, "test_accuracy"),
    )
    return Outcome(checks, (f"The network has {rows[0].parameters:,} parameters.",))


def _baseline(lab: Lab, name: str, what: str, reference: float | None) -> Comparison:
    baseline, dataset = lab.baseline(name)
    print(f"\n{name}", flush=True)
    with lab.timed():
        found = cross_validate(dataset, baseline)
    print(f"mean accuracy {found.mean:.4f}")
    return Comparison(what, (found.mean,), reference)


def _provenance(lab: Lab) -> str:
    dataset = lab.find(lab.recipe("mnist-relu"))
    rows = f"{len(dataset.train.x):,} images to train on and {len(dataset.test.x):,} to test on"
    if dataset.name == "mnist":
        return f"The digits are MNIST's own: {rows}."
    return f"These are not the whole MNIST but the digits of a file, `{dataset.name}`: {rows}."
