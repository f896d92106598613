"""Experiments 5, 6, 7 and 13: trainings side by side, epoch by epoch."""

from training.course.figures import gap, lowest_epoch, number, value
from training.course.lab import Lab
from training.course.outcome import Claim, Outcome, Picture, Table
from training.course.pictures import draw_curves, draw_losses
from training.errors import TrainingError
from training.fitting.partition import hold_out
from training.model.targets import encode, labels_for
from training.sweep import Row, SweepResult, draw

_SWEPT = ("loss", "accuracy", "val_loss", "val_accuracy", "test_accuracy")


def optimizers(lab: Lab) -> Outcome:
    """Experiment 5: seven optimizers on one network."""
    return _compared(lab, "fashion-optimizers", "optimizer")


def activations(lab: Lab) -> Outcome:
    """Experiment 13: three activations in one network."""
    return _compared(lab, "fashion-activations", "activation")


def learning_curves(lab: Lab) -> Outcome:
    """Experiment 6: the validation loss turns up while the training loss falls."""
    result = lab.sweep("fashion-epochs")
    row = _longest(result)
    train, validation, turn = row.history["loss"], row.history["val_loss"], lowest_epoch(row)
    turned = turn < row.epochs and train[-1] < train[turn - 1]
    claim = Claim(
        "the validation loss turns up while the training loss falls",
        f"it turns up after epoch {turn} of {row.epochs}" if turned else "it does not turn up",
        turned,
    )
    findings = (
        f"Epoch {turn} of {row.epochs} has the lowest validation loss, {min(validation):.4f}. From there to "
        f"the last epoch it goes to {validation[-1]:.4f}, the training loss from {train[turn - 1]:.4f} "
        f"to {train[-1]:.4f}.",
        f"After the last epoch the gap between the two losses is {gap(row):.4f}.",
    )
    picture = Picture(
        "epochs", f"Loss and accuracy over {row.epochs} epochs", lambda path: draw_curves(row, path)
    )
    return Outcome((claim,), findings, (_table(result, "epochs"), picture))


def dropout(lab: Lab) -> Outcome:
    """Experiment 7: dropout makes the gap of experiment 6 smaller."""
    before = _longest(lab.sweep("fashion-epochs"))
    after = lab.train("fashion-dropout")
    with lab.timed():
        plain = [_plain_gap(lab, row) for row in (before, after)]
    claim = Claim(
        "the gap of experiment 6 shrinks",
        f"from {gap(before):.4f} to {gap(after):.4f}",
        gap(after) < gap(before) and plain[1] < plain[0],
    )
    findings = (
        "Keras measures the training loss with dropout at work, which alone would make the gap smaller. "
        f"With dropout off, the gap on the same images goes from {plain[0]:.4f} to {plain[1]:.4f}.",
        f"The lowest validation loss is {min(after.history['val_loss']):.4f} in epoch {lowest_epoch(after)}, "
        f"without dropout {min(before.history['val_loss']):.4f} in epoch {lowest_epoch(before)}.",
    )
    rows = {"without dropout": before, "with dropout": after}
    picture = Picture("dropout", "Losses without and with dropout", lambda path: draw_losses(rows, path))
    return Outcome((claim,), findings, (picture,))


def _compared(lab: Lab, name: str, what: str) -> Outcome:
    result = lab.sweep(name)
    finished = [row for row in result.rows if row.outcome == "finished"]
    if not finished:
        raise _failed(result.rows[0])
    best = min(finished, key=lambda row: value(row, "val_loss"))
    worst = max(finished, key=lambda row: value(row, "val_loss"))
    found = (
        f"The lowest validation loss is that of {best.variant}, {value(best, 'val_loss'):.4f}; the highest "
        f"that of {worst.variant}, {value(worst, 'val_loss'):.4f}. Each was trained with one seed: "
        "differences of less than 0.01 in accuracy say nothing."
    )
    picture = Picture(f"{what}s", f"Curves by {what}", lambda path: draw(result, path))
    return Outcome((), (found,), (_table(result, what), picture))


def _longest(result: SweepResult) -> Row:
    row = max(result.rows, key=lambda row: row.recipe.fit.epochs)
    if row.outcome != "finished":
        raise _failed(row)
    return row


def _failed(row: Row) -> TrainingError:
    return TrainingError(f"{row.variant}, seed {row.seed}: {row.reason}")


def _table(result: SweepResult, what: str) -> Table:
    heads = [what, *(f"{name.replace('val_', 'validation ').replace('test_', 'test ')}" for name in _SWEPT)]
    return Table(heads, [[row.variant, *_figures(row)] for row in result.rows])


def _figures(row: Row) -> list[str]:
    if row.outcome != "finished":
        return [row.outcome, *("" for _ in _SWEPT[1:])]
    return [number(value(row, figure)) for figure in _SWEPT]


def _plain_gap(lab: Lab, row: Row) -> float:
    """Return validation loss less training loss of a model at rest, without dropout."""
    recipe, dataset = row.recipe, lab.find(row.recipe)
    labels = encode(
        labels_for(dataset.train, recipe.data.target).values, recipe.loss, recipe.network.output.units
    )
    part = hold_out(dataset.train.x, labels, recipe.data.validation, recipe.data.split_seed)
    model = lab.model(row).model
    train, validation = (
        model.evaluate(x, y, batch_size=1000, verbose=0, return_dict=True)["loss"]
        for x, y in ((part.x_train, part.y_train), (part.x_validation, part.y_validation))
    )
    return float(validation - train)
