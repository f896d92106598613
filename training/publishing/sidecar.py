"""The metadata of a version: what only the trainer knows."""

import platform
from importlib import import_module
from typing import Any

import keras

from modiste import __version__
from modiste.artifact import DatasetInfo, Metadata, utc_now
from modiste.names import safe_name
from training.model.network import PIXELS
from training.trained import Trained


def describe(trained: Trained, version: int, sha256: dict[str, str], run: str | None) -> Metadata:
    """Compose the metadata of a version whose files have these sums, and which came from this run."""
    recipe = trained.recipe
    name = safe_name(recipe.model)
    return Metadata(
        model=name,
        version=version,
        display_name=recipe.model if recipe.model != name else None,
        created_at=utc_now(),
        class_names=trained.class_names,
        input_range=PIXELS,
        head=trained.head,
        metrics=trained.figures,
        history=trained.history,
        dataset=_dataset(trained),
        recipe=_recipe(trained),
        run=run,
        libraries=libraries(),
        sha256=sha256,
    )


def _dataset(trained: Trained) -> DatasetInfo:
    data = trained.dataset
    return DatasetInfo(
        name=data.name,
        train_rows=len(data.train.x) - trained.validation_rows,
        validation_rows=trained.validation_rows,
        test_rows=len(data.test.x),
        sha256=data.sha256,
    )


def _recipe(trained: Trained) -> dict[str, Any]:
    return trained.recipe.model_dump(mode="json", exclude_none=True)


def libraries() -> dict[str, str]:
    """Return the versions of what the model was made with."""
    # Asked of the modules: a distribution may have another name than its module (tensorflow-cpu).
    modules = {name: import_module(name) for name in ("keras", keras.backend.backend(), "numpy")}
    versions = {name: str(module.__version__) for name, module in modules.items()}
    return {"modiste": __version__, "python": platform.python_version()} | versions
