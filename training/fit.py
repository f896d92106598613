"""One page: data -> model -> callbacks -> fit -> evaluate -> publish.

All that decides the result comes from the recipe; the only lasting effect is the published version.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from modiste.datasets import Dataset, load
from training.callbacks import callbacks_for
from training.download import download_with_keras
from training.evaluate import evaluate
from training.interrupt import stop_on_signal
from training.network import build
from training.partition import Partition, hold_out
from training.progress import ProgressBar
from training.publish import Published, check_gate, check_writable, publish
from training.recipe import Recipe
from training.trained import Trained


def train(recipe: Recipe, artifacts: Path, data_dir: Path | None = None) -> Published:
    """Find the data of a recipe, train by it, and publish the next version under `artifacts`.

    Raises:
        DatasetError: the data are nowhere to be found.
        TrainingError: as `train_on`.
    """
    check_writable(artifacts, recipe.model)
    dataset = load(recipe.data.dataset, data_dir, download_with_keras)
    print(f"Data: {dataset.name} from {dataset.origin.place} ({dataset.origin.folder})")
    trained = train_on(dataset, recipe)
    check_gate(trained)
    print("Publishing: saving, converting for serving, comparing, drawing ...", flush=True)
    return publish(trained, artifacts)


def train_on(dataset: Dataset, recipe: Recipe) -> Trained:
    """Train by a recipe on data that are at hand, and look once at the test data.

    Raises:
        RecipeError: the network does not fit the data.
        NonFiniteLossError: the loss became NaN or infinite.
    """
    keras.utils.set_random_seed(recipe.seed)
    partition = hold_out(dataset.train, recipe.data.validation, recipe.data.split_seed)
    model = build(recipe, dataset.train.x.shape[1:], len(dataset.class_names))
    print(f"Model: {recipe.model}, {model.count_params():,} parameters")
    model, history = fit(model, recipe, partition)
    evaluation = evaluate(model, dataset.test, recipe.loss)
    trained = Trained(recipe, model, history, evaluation, dataset, len(partition.x_validation))
    print(f"Kept epoch {trained.best_epoch} of {trained.epochs_run}")
    rows = len(dataset.test.x)
    print(f"Test: loss {evaluation.loss:.4f}, accuracy {evaluation.accuracy:.4f} on {rows:,} images")
    return trained


def fit(model: Any, recipe: Recipe, data: Partition) -> tuple[Any, dict[str, tuple[float, ...]]]:
    """Fit the model and return the one to keep, with the history of each figure by epoch.

    Where the recipe asks for checkpoints the kept model is the best one read back from its file, so
    that what is evaluated is what can be saved; else it is the one that the fit ended with.

    Raises:
        NonFiniteLossError: the loss became NaN or infinite.
        KeyboardInterrupt: Ctrl-C, or SIGTERM.
    """
    with tempfile.TemporaryDirectory(prefix="modiste-") as work, stop_on_signal() as interrupt:
        best = Path(work) / "best.keras"
        with ProgressBar() as progress:
            log = model.fit(
                data.x_train,
                data.y_train,
                validation_data=(data.x_validation, data.y_validation),
                epochs=recipe.fit.epochs,
                batch_size=recipe.fit.batch_size,
                callbacks=[progress, interrupt, *callbacks_for(recipe, best)],
                verbose=0,
            )
        kept = keras.models.load_model(best) if best.exists() else model
    return kept, _history(log.history)


def _history(logged: Mapping[str, list[float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(float(value) for value in values) for name, values in logged.items()}
