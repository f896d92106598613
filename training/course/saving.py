"""Experiments 8 and 9: a model on disk is the model that was trained, and the one that was to be kept."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from training.course.figures import compared, number, small
from training.course.lab import Lab
from training.course.outcome import Claim, Outcome, Table
from training.fitting.partition import hold_out
from training.model.network import build
from training.model.targets import encode, labels_for
from training.schema.recipe import Recipe
from training.trained import Trained

_TOLERANCE = 1e-6
_BATCH = 1000

Restore = Callable[[Path, Trained], Any]


def saved_and_restored(lab: Lab) -> Outcome:
    """Experiment 8: weights alone, and the whole model in two formats; each is reloaded and asked again."""
    trained = lab.model(lab.train("fashion-dropout"))
    x, y = trained.dataset.test.x, trained.dataset.test.y
    with lab.timed(), TemporaryDirectory() as folder:
        before = _answers(trained.model, x)
        rows, worst, accuracies = [], 0.0, [_accuracy(before, y)]
        for name, (save, restore) in _FORMATS.items():
            path = Path(folder) / name
            save(trained.model, path)
            after = _answers(restore(path, trained), x)
            difference, accuracy = float(np.abs(after - before).max()), _accuracy(after, y)
            rows.append([f"`{name}`", f"{path.stat().st_size:,}", small(difference), number(accuracy)])
            worst, accuracies = max(worst, difference), [*accuracies, accuracy]
    claim = Claim(
        "the same predictions, the same accuracy",
        f"predictions differ by {small(worst)}, accuracies by {small(max(accuracies) - min(accuracies))}",
        worst <= _TOLERANCE and len(set(accuracies)) == 1,
    )
    finding = (
        f"The trained model has the accuracy {accuracies[0]:.4f} on the {len(x):,} test images, from argmax; "
        "the table says what each has that was read back, and how far any probability is off. Keras writes "
        "the optimizer's variables into all three files, that of the weights too."
    )
    return Outcome((claim,), (finding,), (Table(["file", "bytes", "largest difference", "accuracy"], rows),))


def best_checkpoint(lab: Lab) -> Outcome:
    """Experiment 9: where it stopped, and that the saved model is the best epoch's."""
    row = lab.train("fashion-early-stopping")
    trained = lab.model(row)
    losses = row.history["val_loss"]
    with lab.timed(), TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        trained.model.save(path)
        found = _validation_loss(keras.models.load_model(path), trained)
    is_best = abs(found - min(losses)) <= 1e-4 * min(losses)
    stopped = row.epochs < row.recipe.fit.epochs
    ended = f"stopped after epoch {row.epochs}" if stopped else f"did not stop within {row.epochs} epochs"
    claim = Claim(
        "it stops, and the saved model is the best one",
        f"{ended}, kept epoch {row.kept_epoch}, saved model {'is' if is_best else 'is not'} the best one",
        stopped and is_best,
    )
    finding = (
        f"The run {ended}; epoch {row.kept_epoch} is kept. Its validation loss was {min(losses):.4f}, the "
        f"lowest of all, and that of the last epoch {losses[-1]:.4f}. That of the saved model, read back and "
        f"evaluated, is {found:.4f}."
    )
    return Outcome((claim, compared("test accuracy", [row], "test_accuracy")), (finding,))


def _save_weights(model: Any, path: Path) -> None:
    model.save_weights(path)


def _save_whole(model: Any, path: Path) -> None:
    model.save(path)


def _restore_weights(path: Path, trained: Trained) -> Any:
    recipe: Recipe = trained.recipe
    fresh = build(recipe, trained.dataset.test.x.shape[1:], recipe.network.output.units)
    fresh.load_weights(path)
    return fresh


def _restore_whole(path: Path, trained: Trained) -> Any:
    return keras.models.load_model(path)


_FORMATS: dict[str, tuple[Callable[[Any, Path], None], Restore]] = {
    "model.weights.h5": (_save_weights, _restore_weights),
    "model.keras": (_save_whole, _restore_whole),
    "model.h5": (_save_whole, _restore_whole),
}


def _answers(model: Any, x: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities [rows, classes]."""
    return np.asarray(model.predict(x, batch_size=_BATCH, verbose=0), np.float32)


def _accuracy(answers: NDArray[np.float32], y: NDArray[Any]) -> float:
    return float((answers.argmax(axis=1) == y).mean())


def _validation_loss(model: Any, trained: Trained) -> float:
    recipe, train = trained.recipe, trained.dataset.train
    labels = encode(labels_for(train, recipe.data.target).values, recipe.loss, recipe.network.output.units)
    part = hold_out(train.x, labels, recipe.data.validation, recipe.data.split_seed)
    found = model.evaluate(
        part.x_validation, part.y_validation, batch_size=_BATCH, verbose=0, return_dict=True
    )
    return float(found["loss"])
