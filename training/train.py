"""One page: data -> model -> fit -> evaluate -> publish.

All that decides the result comes from the recipe; the lasting effects are the run's folder and the
published version.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras

from modiste.artifact import Head
from modiste.datasets import Dataset, Known, known
from modiste.names import safe_name
from training.download import download_with_keras
from training.evaluate import evaluate
from training.fitting.fit import fit, steps_per_epoch
from training.fitting.memory import memory_is_told
from training.fitting.partition import hold_out
from training.fitting.run import Run, begin_next, reopen_last
from training.loading import load_data
from training.logs import RunLog, open_logs
from training.model.compilation import compile_model
from training.model.network import build
from training.model.precision import warning
from training.model.targets import answers_for, encode, labels_for
from training.publishing.publish import Published, check_gate, check_writable, publish
from training.schema.recipe import Recipe
from training.trained import Trained


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a run is kept and who is told of it: none of this changes the result.

    Attributes:
        name: what the run's folder under `runs` is called, for example the recipe's name.
        runs: the folder of all runs.
        resume: go on with the newest run of this name that was not published.
        tensorboard: write TensorBoard's event files beside the run.
        mlflow: the URI of an MLflow tracking server or store, or None.
        command: what makes the model, for its card.
        begun: called once there is a run to go on with.
    """

    name: str
    runs: Path = Path("runs")
    resume: bool = False
    tensorboard: bool = False
    mlflow: str | None = None
    command: str | None = None
    begun: Callable[[], None] = lambda: None


def train(recipe: Recipe, artifacts: Path, keeping: Keeping, data_dir: Path | None = None) -> Published:
    """Find the data of a recipe, train by it, and publish the next version under `artifacts`.

    Raises:
        DatasetError: the data are nowhere to be found.
        TrainingError: as `train_on` and `publish`, and where the run cannot be kept.
    """
    check_writable(artifacts, recipe.model)
    dataset = load_data(recipe.data, data_dir, download_with_keras)
    print(f"Data: {dataset.name} from {dataset.origin.place} ({dataset.origin.folder})")
    for left in dataset.unread:
        print(f"  not read: {left}")
    runs, identity = keeping.runs / safe_name(keeping.name), run_identity(recipe, dataset)
    run = (reopen_last if keeping.resume else begin_next)(runs, identity)
    try:
        keeping.begun()
        print(f"Run: {run.folder}{_done(run, resumed=keeping.resume)}")
        logs = open_logs(
            run.folder, tensorboard=keeping.tensorboard, mlflow=keeping.mlflow, name=keeping.name
        )
        trained = train_on(dataset, recipe, run, logs)
        check_gate(trained)
        print("Publishing: saving, preparing, comparing, drawing ...", flush=True)
        published = publish(trained, artifacts, run=run.id, command=keeping.command)
        run.finish(published.folder)
        return published
    finally:
        run.close()


def run_identity(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """Return what decides a fit: two runs with the same identity on one machine end with the same weights."""
    decisive = recipe.model_dump(mode="json", exclude={"description", "model", "gate"}, exclude_none=True)
    return {"recipe": decisive, "data": dataset.sha256, "backend": keras.backend.backend()}


def train_on(
    dataset: Dataset, recipe: Recipe, run: Run | None = None, logs: Sequence[RunLog] = ()
) -> Trained:
    """Train by a recipe on data that are at hand, and look once at the test data.

    Args:
        dataset: the recipe's data.
        recipe: how.
        run: kept after each epoch, and where it holds a state, gone on with.
        logs: told of the epochs and of the end; closed in any case.

    Raises:
        RecipeError: the network does not fit the data.
        NonFiniteLossError: the loss became NaN or infinite.
        OutOfMemoryError: the network and its batches do not fit into the memory.
        RunError: the run cannot be kept.
        KeyboardInterrupt: Ctrl-C, or SIGTERM.
    """
    outcome: Literal["finished", "stopped", "failed"] = "failed"
    try:
        state = run.state if run else None
        for log in logs:
            log.start(recipe.model_dump(mode="json", exclude_none=True), state.history if state else {})
        with memory_is_told():
            trained = _train_on(dataset, recipe, run, logs)
        for log in logs:
            log.finish(trained.figures)
        outcome = "finished"
        return trained
    except KeyboardInterrupt:
        outcome = "stopped"
        raise
    finally:
        for log in logs:
            log.close(outcome)


def untrained(recipe: Recipe, data_dir: Path | None = None) -> Any:
    """Return the compiled model of a recipe as it is before the first step.

    Of published data no file is needed: their shape and classes, which decide the model's input and output,
    are known.

    Raises:
        DatasetError: data of one's own cannot be read.
        RecipeError: the network does not fit the data.
    """
    data = recipe.data
    form = known(data.dataset, image_size=data.image_size, channels=data.channels)
    if form is None:
        own = load_data(data, data_dir).train
        form = Known(own.x.shape[1:], own.class_names, len(own.y))
    model = build(recipe, form.image_shape, _units(recipe, answers_for(form.class_names, data.target)))
    compile_model(model, recipe, steps_per_epoch(recipe, form.train_rows))
    return model


def _units(recipe: Recipe, answers: tuple[str, ...] | None) -> int:
    """Return how many numbers the network must answer: one where one tells all."""
    one = recipe.head in (Head.SIGMOID, Head.LOGIT) or answers is None
    return 1 if one else len(answers or ())


def _train_on(dataset: Dataset, recipe: Recipe, run: Run | None, logs: Sequence[RunLog]) -> Trained:
    keras.utils.set_random_seed(recipe.seed)
    labels = labels_for(dataset.train, recipe.data.target)
    units = _units(recipe, labels.class_names)
    wanted = encode(labels.values, recipe.loss, units)
    partition = hold_out(dataset.train.x, wanted, recipe.data.validation, recipe.data.split_seed)
    image_shape, steps = dataset.train.x.shape[1:], steps_per_epoch(recipe, len(partition.x_train))
    model = build(recipe, image_shape, units)
    compile_model(model, recipe, steps)
    print(f"Model: {recipe.model}, {model.count_params():,} parameters")
    slow = warning(recipe.fit.precision)
    if slow is not None:
        print(slow)
    fitted = fit(
        model, recipe, partition, run.state if run else None, run.save if run else lambda _: None, logs
    )
    kept = build(recipe, image_shape, units, precision="float32")
    compile_model(kept, recipe, steps)
    kept.set_weights(fitted.weights)
    # Saved before its first step, an optimizer is read back with a warning; its moments are fresh still.
    kept.optimizer.build(kept.trainable_variables)
    trained = Trained(
        recipe=recipe,
        model=kept,
        history=fitted.history,
        kept_epoch=fitted.kept_epoch,
        tested=evaluate(kept, dataset.test, recipe),
        dataset=dataset,
        class_names=labels.class_names,
        validation_rows=len(partition.x_validation),
    )
    early = trained.epochs_run < recipe.fit.epochs
    print(
        f"Kept epoch {trained.kept_epoch} of {trained.epochs_run}"
        + ("; early stopping ended the training" if early else "")
    )
    print(f"Test: {_said(trained)} on {len(dataset.test.x):,} images", flush=True)
    return trained


def _said(trained: Trained) -> str:
    scores = trained.tested.scores
    if scores.accuracy is not None:
        return f"loss {scores.loss:.4f}, accuracy {scores.accuracy:.4f}"
    return f"loss {scores.loss:.6f}, mean absolute error {scores.mean_absolute_error:.4f}"


def _done(run: Run, *, resumed: bool) -> str:
    """Say where a run goes on that was begun before."""
    epochs = len(run.state.history["loss"]) if run.state else 0
    if epochs:
        return f", goes on after epoch {epochs}"
    return ", from its beginning: it kept no whole epoch" if resumed else ""
