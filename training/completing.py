"""Adding the images behind a report's figures to a version that was published without them.

A published version answers as it always did: one file is added beside its report, and its sum to its
metadata. The images are chosen by what the version's own graph answers to the test data that its metadata
name, and only where both are what they were.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from modiste.artifact import (
    METADATA,
    ONNX,
    REPORT,
    SUMMARY,
    Head,
    Metadata,
    Summary,
    check_sums,
    file_sha256,
)
from modiste.datasets import Fetch
from modiste.metrics import evaluate, probabilities
from modiste.onnx_runtime import ort
from modiste.report import EVALUATION, VersionReport
from modiste.report_images import IMAGES, ReportImages, of_classes, of_numbers
from training.errors import PublishError
from training.files.replacing import replace_text
from training.loading import load_data
from training.model.targets import labels_for
from training.schema.data import Data

_BATCH = 1000
_STRAYS = 0.001
"""Share of rows that another processor may classify otherwise."""


def add_images(folder: Path, data_dir: Path | None = None, fetch: Fetch | None = None) -> ReportImages:
    """Write ``report/images.npz`` into a version's folder, and its sum into the metadata.

    Args:
        folder: of a version that training published and that has its prepared form.
        data_dir: where to look for the data first.
        fetch: how to download them; None stays offline.

    Raises:
        ArtifactError: the folder does not keep the contract.
        DatasetError: the data are nowhere to be found.
        PublishError: the version has no report, or its images already, or does not fit the data.
    """
    metadata, report = _described(folder)
    data = _data(metadata)
    test = load_data(data, data_dir, fetch).test
    stated = metadata.dataset.sha256 if metadata.dataset else {}
    if any(stated.get(f"{part}_test", found) != found for part, found in test.sha256.items()):
        raise PublishError(f"The test data of {data.dataset} are not those that the version was tested on.")
    labels = labels_for(test, data.target).values
    answers, head = _answers(folder, test.x, metadata)
    _check_same(report, evaluate(answers, labels, head).confusion_matrix)
    choose = of_numbers if head is Head.REGRESSION else of_classes
    chosen = choose(test.x, labels, probabilities(answers, head))
    _add(folder, metadata, chosen)
    return chosen


def _described(folder: Path) -> tuple[Metadata, VersionReport]:
    metadata = Metadata.read(folder / METADATA)
    if (folder / REPORT / IMAGES).exists():
        raise PublishError(f"{folder} has the images of its report already.")
    if not (folder / REPORT / EVALUATION).is_file():
        raise PublishError(f"{folder} has no report; modiste train publishes versions with one.")
    if not (folder / ONNX).is_file():
        raise PublishError(f"{folder} has no prepared form; modiste prepare makes one of a copy.")
    check_sums(folder, metadata, (ONNX, SUMMARY, f"{REPORT}/{EVALUATION}"))
    return metadata, VersionReport.read(folder / REPORT / EVALUATION)


def _data(metadata: Metadata) -> Data:
    try:
        return Data.model_validate((metadata.recipe or {})["data"])
    except (KeyError, ValidationError) as error:
        raise PublishError("The metadata do not say which data the version was tested on.") from error


def _answers(folder: Path, images: NDArray[np.uint8], metadata: Metadata) -> tuple[NDArray[Any], Head]:
    session = ort.InferenceSession(folder / ONNX, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    pieces = [
        session.run(None, {name: images[at : at + _BATCH].astype(np.float32)})[0]
        for at in range(0, len(images), _BATCH)
    ]
    stated = metadata.head
    head = stated if isinstance(stated, Head) else Summary.read(folder / SUMMARY).head
    return np.concatenate(pieces), head


def _check_same(report: VersionReport, found: tuple[tuple[int, ...], ...] | None) -> None:
    if report.confusion_matrix is None or found is None:
        return
    moved = np.abs(np.subtract(found, report.confusion_matrix)).sum() / 2
    if moved > report.rows * _STRAYS:
        raise PublishError(
            f"The version classifies {moved:.0f} of {report.rows} rows otherwise than reported."
        )


def _add(folder: Path, metadata: Metadata, chosen: ReportImages) -> None:
    """Put the file in place, and then state its sum: in between, a reader does without the sum."""
    path = folder / REPORT / IMAGES
    partial = path.with_name(f".partial-{os.getpid()}.npz")
    try:
        chosen.write(partial)
        sums = {**metadata.sha256, f"{REPORT}/{IMAGES}": file_sha256(partial)}
        partial.replace(path)
        stated = metadata.model_copy(update={"sha256": dict(sorted(sums.items()))})
        replace_text(folder / METADATA, stated.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise PublishError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
