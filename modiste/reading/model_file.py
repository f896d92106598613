"""Reading a model file: the steps in their order, and what they find.

The order is the point: each step may rely on what the steps before it have ruled out. This package
uses the standard library, h5py and NumPy alone; what only Keras can tell is found by `modiste.prepare`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modiste.reading import archive, hdf5, strict_json
from modiste.reading.compiled import Compiled, read_compiled
from modiste.reading.config import check_config, layer_configs, without_compile_config
from modiste.reading.errors import Reason, Refused
from modiste.reading.file import read_file
from modiste.reading.findings import Findings, Format
from modiste.reading.hdf5 import Weights
from modiste.reading.limits import ReadingLimits

_ZIP_SIGNATURE = b"PK\x03\x04"
_LONGEST_VERSION = 40  # characters: it is shown


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that passed every step that needs no Keras.

    Attributes:
        config: the configuration as it was checked; of a ``.keras`` file without compile settings.
        members: the archive's members, empty for ``.h5``.
    """

    format: Format
    sha256: str
    size: int
    config: dict[str, Any]
    compiled: Compiled
    weights: Weights
    keras_version: str | None
    members: dict[str, bytes]

    @property
    def name(self) -> str:
        """The model's own name, in whatever script its author wrote it."""
        return str(self.config["config"].get("name", "model"))

    def findings(self) -> Findings:
        """Return what is worth telling about the file."""
        loss = self.compiled.loss
        return Findings(
            name=self.name,
            format=self.format,
            sha256=self.sha256,
            size=self.size,
            keras_version=self.keras_version,
            layer_types=tuple(str(layer.get("class_name")) for layer in layer_configs(self.config)),
            arrays=self.weights.arrays,
            values=self.weights.values,
            loss=loss.name if loss else None,
            optimizer=self.compiled.optimizer,
        )


def read(path: Path, limits: ReadingLimits | None = None) -> ModelFile:
    """Read a model file through every step that needs no Keras.

    Raises:
        Refused: the reason says which step, the detail what was found.
    """
    limits = limits or ReadingLimits()
    file_format = _format_by_name(path)
    data = read_file(path, limits.file_bytes)
    signature = _ZIP_SIGNATURE if file_format == "keras" else hdf5.SIGNATURE
    if not data.startswith(signature):
        raise Refused(Reason.WRONG_TYPE, f"the content is not what a .{file_format} file begins with")
    return _read_keras(data, limits) if file_format == "keras" else _read_h5(data, limits)


def _format_by_name(path: Path) -> Format:
    match path.suffix.lower():
        case ".keras":
            return "keras"
        case ".h5" | ".hdf5":
            return "h5"
    raise Refused(Reason.WRONG_TYPE, "expected a name that ends in .keras or .h5")


def _read_keras(data: bytes, limits: ReadingLimits) -> ModelFile:
    members = archive.read_members(data, limits.json_bytes, limits.weights_bytes)
    whole = _parse(members[archive.CONFIG], archive.CONFIG, limits)
    metadata = _parse(members[archive.METADATA], archive.METADATA, limits)
    config = without_compile_config(whole)
    check_config(config, limits.layers)
    hdf5.check_end(members[archive.WEIGHTS])
    with hdf5.open_hdf5(members[archive.WEIGHTS]) as file:
        weights = hdf5.check_hdf5(file, limits)
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return ModelFile(
        format="keras",
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        config=config,
        compiled=read_compiled(whole.get("compile_config")),
        weights=weights,
        keras_version=_version(version),
        members=members,
    )


def _read_h5(data: bytes, limits: ReadingLimits) -> ModelFile:
    hdf5.check_end(data)
    with hdf5.open_hdf5(data) as file:
        model_text = hdf5.text_attribute(file, "model_config")
        training_text = hdf5.text_attribute(file, "training_config")
        version = hdf5.text_attribute(file, "keras_version")
        if model_text is None:
            raise Refused(
                Reason.NOT_A_MODEL, "the file holds weights alone: it has no attribute model_config"
            )
        config = _parse(model_text.encode(), "model_config", limits)
        training = (
            None if training_text is None else _parse(training_text.encode(), "training_config", limits)
        )
        check_config(config, limits.layers)
        weights = hdf5.check_hdf5(file, limits)
    return ModelFile(
        format="h5",
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        config=config,
        compiled=read_compiled(training),
        weights=weights,
        keras_version=_version(version),
        members={},
    )


def _version(stated: Any) -> str | None:
    return stated if isinstance(stated, str) and len(stated) <= _LONGEST_VERSION else None


def _parse(data: bytes, what: str, limits: ReadingLimits) -> Any:
    return strict_json.parse(data, what, max_bytes=limits.json_bytes, max_depth=limits.json_depth)
