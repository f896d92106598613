"""Publishing: a trained model becomes the next version of ``artifacts/<model>/``, whole or not at all.

The order is the promise: gate, models, preparation, report, check by reading back, metadata with the
sums of everything else, disk, one rename.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from modiste.artifact import (
    H5,
    KERAS,
    METADATA,
    REPORT,
    ArtifactError,
    Metadata,
    folder_sha256,
    version_folders,
)
from modiste.names import safe_name
from modiste.prepare import PrepareError, PrepareFailed, available, prepare
from modiste.writable import nearest_folder, try_writing
from training.errors import PublishError, QualityGateError
from training.publishing.sidecar import describe, libraries
from training.publishing.staging import claim_version, staging_folder
from training.report import SeedSpread, draw_report
from training.trained import Trained

_PROBES = 256
_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Published:
    """A version that stands."""

    folder: Path
    metadata: Metadata


def publish(
    trained: Trained,
    artifacts: Path,
    *,
    run: str | None = None,
    prepared: bool = True,
    command: str | None = None,
    seeds: SeedSpread | None = None,
    chosen_among: int = 1,
) -> Published:
    """Write the next version of the recipe's model.

    A run has one version: where it was killed between publishing and noting that it had, the version
    that stands is given.

    Args:
        trained: the model and all that is known about it.
        artifacts: the model repository; made where it is missing.
        run: the id of the run that the model came from, if it was kept.
        command: what makes the model, for its card.
        seeds: how far its figures moved over several seeds, for its card.
        chosen_among: of how many trainings it was chosen, for its card.
        prepared: convert the model for serving now; where TensorFlow is not installed the version is
            published unprepared all the same, and ``modiste prepare`` completes a copy elsewhere.

    Raises:
        QualityGateError: the model is worse than the recipe demands.
        PublishError: the version cannot be written, or does not read back as what was trained.
    """
    check_gate(trained)
    parent = artifacts / safe_name(trained.recipe.model)
    standing = _published_from(run, parent)
    if standing is not None:
        print(f"Published before, as {standing.folder}.")
        return standing
    try:
        with staging_folder(parent) as folder:
            _write(trained, folder, prepared)
            draw_report(
                trained,
                folder / REPORT,
                command=command,
                libraries=libraries(),
                seeds=seeds,
                chosen_among=chosen_among,
            )
            return _claim(trained, folder, run)
    except OSError as error:
        reason = error.strerror or error
        raise PublishError(f"The version cannot be written into {parent}: {reason}.") from error
    finally:
        _remove_if_empty(parent)


def check_gate(trained: Trained) -> None:
    """Refuse a model that is worse than its recipe demands.

    Raises:
        QualityGateError: with both numbers.
    """
    gate, scores = trained.recipe.gate, trained.tested.scores
    if gate is None:
        return
    accuracy, error = scores.accuracy, scores.mean_absolute_error
    least, most = gate.min_test_accuracy, gate.max_test_mean_absolute_error
    if least is not None and not (accuracy is not None and accuracy >= least):
        raise _refused("test accuracy", accuracy, "below", "gate.min_test_accuracy", least)
    if most is not None and not (error is not None and error <= most):
        raise _refused("test mean absolute error", error, "above", "gate.max_test_mean_absolute_error", most)


def _refused(what: str, found: float | None, side: str, field: str, limit: float) -> QualityGateError:
    shown = "unknown" if found is None else f"{found:.4f}"
    return QualityGateError(
        f"Not published: {what} {shown} is {side} the recipe's {field} {limit:.4f} "
        "(--no-gate publishes it all the same)."
    )


def check_writable(artifacts: Path, model: str) -> None:
    """Find out before a long training that its result could not be written.

    Raises:
        PublishError: the model's folder, or the nearest one above it that exists, refuses.
    """
    nearest = artifacts
    try:
        nearest = nearest_folder(artifacts / safe_name(model))
        try_writing(nearest)
    except OSError as error:
        raise PublishError(
            f"Nothing can be published into {artifacts}: {nearest} cannot be written to ({error.strerror})."
        ) from error


def _write(trained: Trained, folder: Path, prepared: bool) -> None:
    trained.model.save(folder / KERAS)
    trained.model.save(folder / H5)
    _check_reload(trained, folder)
    if prepared:
        _prepare(folder)


def _prepare(folder: Path) -> None:
    """Prepare the saved model; a version that could not be is still whole, and its server tries again."""
    if not available():
        print(
            f"Publishing unprepared: TensorFlow is not installed. Where it is, 'modiste prepare {KERAS}' "
            "completes a copy of the version, or a server does at first sight."
        )
        return
    try:
        prepare(folder / KERAS, folder)
    except PrepareFailed as failure:
        print(f"Publishing unprepared: {failure}")
    except PrepareError as error:
        raise PublishError(f"Not published: no server would take the model: {error}.") from error


def _check_reload(trained: Trained, folder: Path) -> None:
    """Read both model files back and compare what they answer with what the trained model does."""
    probes = trained.dataset.test.x[:_PROBES]
    expected = trained.model.predict(probes, verbose=0)
    for name in (KERAS, H5):
        reloaded: Any = keras.models.load_model(folder / name, compile=False)
        found = reloaded.predict(probes, verbose=0)
        if not np.allclose(found, expected, rtol=0, atol=_TOLERANCE):
            worst = float(np.abs(found - expected).max())
            raise PublishError(f"Not published: {name} read back answers differently, by up to {worst:.2g}.")


def _published_from(run: str | None, parent: Path) -> Published | None:
    if run is None or not parent.is_dir():
        return None
    for folder in version_folders(parent).values():
        with suppress(ArtifactError):  # a version laid there by hand may have no metadata, or damaged ones
            metadata = Metadata.read(folder / METADATA)
            if metadata.run == run:
                return Published(folder, metadata)
    return None


def _claim(trained: Trained, folder: Path, run: str | None) -> Published:
    sums = folder_sha256(folder)

    def seal(version: int) -> None:
        describe(trained, version, sums, run).write(folder / METADATA)

    target = claim_version(folder, seal)
    return Published(target, Metadata.read(target / METADATA))


def _remove_if_empty(parent: Path) -> None:
    """Leave no model without a version behind where the first publication failed."""
    with suppress(OSError):
        parent.rmdir()
