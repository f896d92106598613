"""The on-disk contract of a model version: ``artifacts/<model>/<version>/``.

`Metadata` is the sidecar that a trainer writes (``metadata.json``); `Summary` is what preparing a
model file found out about it (``summary.json``, beside the converted ``model.onnx``). Both carry a
schema version; a reader refuses one that is newer than it knows. A version's folder is immutable.
"""

import hashlib
import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

SCHEMA_VERSION = 2
"""2: each output states its head, and the metadata may state things by the name of an input or output."""

METADATA = "metadata.json"
SUMMARY = "summary.json"
ONNX = "model.onnx"
KERAS = "model.keras"
H5 = "model.h5"
REPORT = "report"
SOURCES = (KERAS, H5)
"""What a trainer may have saved, in the order in which it is preferred."""

_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class ArtifactError(Exception):
    """A version's folder does not keep the contract; the message says what, without its path."""


class Head(StrEnum):
    """What the numbers of a model's last layer mean, and so how they become an answer."""

    SOFTMAX = "softmax"  # probabilities of exclusive classes
    LOGITS = "logits"  # the same before the softmax
    SIGMOID = "sigmoid"  # one unit: the probability of the second of two classes
    LOGIT = "logit"  # the same before the sigmoid
    MULTI_LABEL = "multi_label"  # several units, each the probability of a class of its own
    MULTI_LABEL_LOGITS = "multi_label_logits"  # the same before the sigmoid
    REGRESSION = "regression"  # plain numbers


class Record(BaseModel):
    """A frozen JSON document, or a part of one; fields that it does not know are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the record from a JSON file.

        Raises:
            ArtifactError: it is missing, too large, malformed, or of a newer schema.
        """
        try:
            return cls.parse(path.name, path.read_bytes())
        except OSError as error:
            raise ArtifactError(f"{path.name} cannot be read: {error.strerror}") from error

    @classmethod
    def parse(cls, name: str, data: bytes) -> Self:
        """Read the record from the bytes of a JSON file of this name.

        Raises:
            ArtifactError: they are malformed, or of a newer schema.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "document"
            raise ArtifactError(f"{name} is not valid at {where}: {first['msg']}") from error

    def write(self, path: Path) -> None:
        """Write the record as indented JSON."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


class VersionedRecord(Record):
    """A whole document, which states the version of its schema."""

    schema_version: int = SCHEMA_VERSION

    @field_validator("schema_version")
    @classmethod
    def _known(cls, value: int) -> int:
        if not 1 <= value <= SCHEMA_VERSION:
            raise ValueError(f"schema version {value} is not known; this release reads 1 to {SCHEMA_VERSION}")
        return value


class TensorSpec(Record):
    """One input or output: `shape` counts the batch axis, which is None.

    An input may state the `range` of its numbers, an output what they mean, its `head`.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    range: tuple[float, float] | None = None
    head: Head | None = None


class LayerInfo(Record):
    """One row of a model's summary."""

    name: str
    type: str
    output_shape: tuple[int | None, ...] | None
    parameters: int
    trainable: bool
    activation: str | None = None


class Totals(Record):
    """Counts of scalars over a model's weights."""

    parameters: int
    trainable: int
    non_trainable: int


class LossInfo(Record):
    """A compiled loss, read from the model's config as data: Keras's class name and its settings."""

    name: str
    config: dict[str, Any] = Field(default_factory=dict)
    weight: float = Field(default=1.0, description="its factor, where loss_weights were given")


class Parity(Record):
    """How the converted graph compared with Keras on probe rows."""

    rows: int
    max_abs_difference: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether every output was within the tolerance."""
        return self.max_abs_difference <= self.tolerance


class Summary(VersionedRecord):
    """What preparing found out about a model file.

    `engine` is ``onnx`` where ``model.onnx`` stands beside it and agrees with Keras, else ``keras``
    with the reason in `engine_reason`. `onnx_sha256` and `source_sha256` tie the three files together.
    """

    name: str
    source_format: Literal["keras", "h5"]
    source_sha256: str
    engine: Literal["onnx", "keras"]
    engine_reason: str | None = None
    onnx_sha256: str | None = None
    onnx_opset: int | None = None
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    head: Head
    layers: tuple[LayerInfo, ...]
    totals: Totals
    loss: LossInfo | None = None
    regularization_loss: float = 0.0
    optimizer: str | None = None
    metrics: tuple[str, ...] = ()
    parity: Parity | None = None
    text: str = Field(description="the table that model.summary() prints")
    notes: tuple[str, ...] = Field(default=(), description="repairs made while converting")
    libraries: dict[str, str] = Field(default_factory=dict)


class DatasetInfo(Record):
    """The data that a version was trained on."""

    name: str
    train_rows: int
    validation_rows: int
    test_rows: int
    sha256: dict[str, str] = Field(description="of each array as a plain IDX file, by part")


class Metadata(VersionedRecord):
    """The sidecar: what only the trainer knows. Every field beside the sums may be left out.

    `class_names`, `input_range` and `head` are those of the first input or output, or are given by name.
    """

    model: str | None = None
    version: int | None = None
    display_name: str | None = Field(default=None, description="shown where it differs from the URL's")
    created_at: datetime | None = None
    class_names: tuple[str, ...] | dict[str, tuple[str, ...]] | None = None
    input_range: tuple[float, float] | dict[str, tuple[float, float]] | None = None
    head: Head | dict[str, Head] | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    history: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    dataset: DatasetInfo | None = None
    recipe: dict[str, Any] | None = None
    run: str | None = Field(default=None, description="the id of the training run that it came from")
    libraries: dict[str, str] = Field(default_factory=dict)
    sha256: dict[str, str] = Field(default_factory=dict, description="of every file but this one")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file under `folder` but the metadata, by its path with forward slashes."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    sums = {p.relative_to(folder).as_posix(): p for p in files}
    return {name: file_sha256(path) for name, path in sums.items() if name != METADATA}


def state_prepared(folder: Path) -> None:
    """Add the sums of the prepared form to the metadata of a version that was published without it.

    Nothing is done where there is no metadata, or where it was written by hand and states no sums.

    Raises:
        ArtifactError: the metadata cannot be read.
        OSError: they cannot be written.
    """
    path = folder / METADATA
    metadata = Metadata.read(path) if path.is_file() else Metadata()
    if metadata.sha256:
        made = {name: file_sha256(folder / name) for name in (ONNX, SUMMARY) if (folder / name).is_file()}
        sums = dict(sorted((metadata.sha256 | made).items()))
        # Renamed: a server that watches the folder reads the old one or the new.
        fresh = path.with_suffix(".new")
        metadata.model_copy(update={"sha256": sums}).write(fresh)
        fresh.replace(path)


def check_sums(folder: Path, metadata: Metadata, names: tuple[str, ...]) -> None:
    """Compare the named files of a version with the sums that its metadata states.

    Files that the metadata does not list are not compared: a sidecar written by hand may list none.

    Raises:
        ArtifactError: a listed file is missing or differs.
    """
    for name in names:
        expected = metadata.sha256.get(name)
        if expected is None:
            continue
        if not (folder / name).is_file():
            raise ArtifactError(f"{name} is listed in {METADATA} and missing")
        if file_sha256(folder / name) != expected:
            raise ArtifactError(f"{name} does not have the SHA-256 that {METADATA} states")


def source_file(folder: Path) -> Path | None:
    """Return the model file that the trainer saved, ``.keras`` before ``.h5``, or None."""
    return next((folder / name for name in SOURCES if (folder / name).exists()), None)


def version_number(name: str) -> int | None:
    """Return the version that a folder's name states, a positive integer, else None."""
    return int(name) if _VERSION.fullmatch(name) else None


def version_folders(model_folder: Path) -> dict[int, Path]:
    """Return the version folders of a model in ascending order of version."""
    found = {version_number(p.name): p for p in model_folder.iterdir() if p.is_dir()}
    return {version: path for version, path in sorted((v, p) for v, p in found.items() if v is not None)}


def utc_now() -> datetime:
    """Return the present time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
