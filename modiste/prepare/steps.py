"""The steps that need Keras, in their order: from a checked file to its summary and its graph."""

from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import keras

from modiste.artifact import ONNX, Head, LossInfo, Summary, TensorSpec, file_sha256
from modiste.prepare import describe
from modiste.prepare.loading import load, ready
from modiste.prepare.probe import Array, probe, probe_inputs
from modiste.reading import ReadingLimits
from modiste.reading.model_file import ModelFile

_NO_CONVERTER = "no converter to ONNX is installed where the file was prepared"
_LIBRARIES = ("keras", "tensorflow", "jax", "tf2onnx", "onnx", "onnxruntime")


def prepare_file(
    file: ModelFile, source: Path, folder: Path, limits: ReadingLimits, *, converted: bool = True
) -> Summary:
    """Load, probe, describe and convert a checked file; `folder` receives the graph.

    Where it is not to be converted, it is for the Keras engine, and the summary says so.

    Raises:
        Refused: Keras cannot load it, or it answers with other than finite numbers of its own shape.
    """
    model = load(file, source, folder, limits)
    served, changes = ready(model)
    inputs = _named_as(describe.input_specs(served), describe.input_specs(model))
    loss = _loss(file)
    outputs = _named_as(describe.output_specs(served, loss), describe.output_specs(model, loss))
    batches = probe_inputs(inputs)
    probe(served, batches, outputs)
    summary = Summary(
        name=model.name,
        source_format=file.format,
        source_sha256=file.sha256,
        engine="keras",
        inputs=inputs,
        outputs=outputs,
        head=outputs[0].head or Head.REGRESSION,
        layers=describe.layer_infos(model),
        totals=describe.totals(model),
        loss=loss,
        regularization_loss=describe.regularization_loss(model),
        optimizer=file.compiled.optimizer,
        metrics=file.compiled.metrics,
        text=describe.table(model),
        notes=changes.notes(),
        libraries=_libraries(),
    )
    if not converted:
        return summary.model_copy(update={"engine_reason": _NO_CONVERTER})
    return _with_graph(summary, served, model if changes.comparable else served, folder / ONNX, batches)


def _with_graph(
    summary: Summary,
    served: keras.Model,
    reference: keras.Model,
    path: Path,
    batches: Sequence[Sequence[Array]],
) -> Summary:
    """Convert what is served, compare it with `reference`, and say in the summary which engine it gets."""
    # Here and not above: where nothing is converted, what converting takes may not be installed.
    from modiste.prepare.conversion import NotConverted, compare, convert

    try:
        opset, repairs = convert(served, path, summary.inputs, summary.outputs)
        parity = compare(reference, path, summary.inputs, batches)
    except NotConverted as error:
        path.unlink(missing_ok=True)
        return summary.model_copy(update={"engine_reason": str(error)})
    noted = {"parity": parity, "notes": summary.notes + repairs}
    if not parity.agrees:
        path.unlink()
        said = f"{parity.max_abs_difference:.3g} apart, {parity.tolerance:.3g} allowed"
        return summary.model_copy(
            update=noted | {"engine_reason": f"ONNX Runtime and Keras disagree: {said}"}
        )
    return summary.model_copy(
        update=noted | {"engine": "onnx", "onnx_sha256": file_sha256(path), "onnx_opset": opset}
    )


def _named_as(specs: tuple[TensorSpec, ...], originals: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """Give what is served the names that the model's author gave."""
    return tuple(
        spec.model_copy(update={"name": original.name, "head": original.head})
        for spec, original in zip(specs, originals, strict=True)
    )


def _loss(file: ModelFile) -> LossInfo | None:
    loss = file.compiled.loss
    return None if loss is None else LossInfo(name=loss.name, config=dict(loss.config), weight=loss.weight)


def _libraries() -> dict[str, str]:
    versions = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
