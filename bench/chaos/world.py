"""The models of a chaos run: what lies in the artifacts folder, and what each version must answer.

Versions differ by their weights, so that an answer of one with the numbers of another is found out. What is
expected is computed by Keras (`bench.chaos.in_keras`): no part of the server takes part in it.
"""

import os
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.chaos import in_keras
from modiste.artifact import METADATA, Metadata
from tests.models import CLASS_NAMES, write_failing, write_version

STEADY = "steady"
"""The default model: one version, which nobody touches."""
CHANGING = "changing"
"""Versions come and go, and the label `stable` moves."""
SLOW = "slow"
"""Some milliseconds a row: the one that is overloaded."""
FAILING = "failing"
"""Its engine fails on rows that begin with a pixel above `GOOD_PIXEL`."""
LABEL = "stable"
GOOD_PIXEL = 9
_KEPT = 3
_RAW = 4
"""Every so many versions one is published as a ``.keras`` file alone, and the server is to prepare it."""
_SLOWNESS = 30
_SEEDS = {STEADY: 1001, SLOW: 1002, FAILING: 1003}

Pixels = NDArray[np.uint8]


class World:
    """The artifacts folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions: list[int] = []
        self.label_at = 1
        self._bad = 0

    def begin(self) -> None:
        """Write what is there from the start; import Keras now, and not while callers wait."""
        in_keras.import_keras()
        write_version(self.folder / STEADY / "1", seed=_SEEDS[STEADY])
        write_version(self.folder / SLOW / "1", seed=_SEEDS[SLOW], slowness=_SLOWNESS)
        write_failing(self.folder / FAILING / "1", seed=_SEEDS[FAILING])
        for _ in range(2):
            self.publish()

    def publish(self) -> int:
        """Publish a version as training does, by a rename; the oldest without the label goes."""
        version = max(self.versions, default=0) + 1
        making = self.folder / CHANGING / f".{version}"
        if version % _RAW:
            write_version(making, seed=version)
        else:
            making.mkdir()
            in_keras.save(version, making / "model.keras")
            Metadata(class_names=CLASS_NAMES, input_range=(0.0, 255.0)).write(making / METADATA)
        os.rename(making, self.folder / CHANGING / str(version))
        self.versions.append(version)
        for old in self.versions[:-_KEPT]:
            if old != self.label_at:
                shutil.rmtree(self.folder / CHANGING / str(old))
                self.versions.remove(old)
        return version

    def publish_bad(self) -> int:
        """Publish a version that cannot be loaded: each of some kinds in turn."""
        version = 1_000_000 + self._bad
        folder = self.folder / CHANGING / str(version)
        kind = self._bad % 4
        self._bad += 1
        if kind == 3:  # raw, and no model
            folder.mkdir()
            (folder / "model.keras").write_bytes(b"no archive" * 100)
        else:
            making = self.folder / CHANGING / f".{version}"
            write_version(making, seed=version)
            damaged = making / ("model.onnx", "summary.json", "model.onnx")[kind]
            damaged.write_bytes(damaged.read_bytes()[:-20] if kind < 2 else b"")
            os.rename(making, folder)
        return version

    def remove_bad(self) -> None:
        """Remove the bad versions, so that they do not pile up."""
        for folder in (self.folder / CHANGING).glob("1000???"):
            shutil.rmtree(folder)

    def answers(self, model: str, version: int, pixels: Pixels) -> NDArray[np.float32]:
        """Return what a version must answer: float32 [rows, 10]."""
        return in_keras.answers(_SEEDS.get(model, version), pixels)
