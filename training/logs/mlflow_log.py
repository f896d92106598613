"""A run in MLflow: parameters from the recipe, figures by epoch, the test figures, how it ended.

The server is asked before any training. When it goes away later, figures wait here and are sent once it
is back; MLflow's own way, four minutes of tries for each call, would hold up the training instead.

MLflow can add points and take none away, which is why `start` asks what it has: nothing is sent twice,
and a run that is ahead of what is resumed is given up for a new one.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from training.files.replacing import replace_text
from training.logs.mlflow_store import connect, plain, reason
from training.logs.port import History, LogError, Outcome, epochs_in

FILE = "mlflow.json"
_STATUS: dict[Outcome, str] = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
_PAUSE_S = 60.0  # after a failure, so that a server that answers nobody does not slow every epoch
_BATCH = 1000  # figures, and a tenth of it parameters: MLflow's limits for one call


class MlflowLog:
    """Owns one run of a tracking server; its id is kept in ``mlflow.json`` for the run's resumption."""

    def __init__(
        self, folder: Path, uri: str, name: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._uri, self._name, self._monotonic = folder / FILE, uri, name, monotonic
        self._client: Any = None
        self._run = ""
        self._known: set[tuple[str, int]] = set()  # (figure, step): sent, or waiting
        self._waiting: list[tuple[str, float, int, int]] = []  # figure, value, ms since 1970, step
        self._epochs = 0
        self._not_before = 0.0
        self._warned = False

    def start(self, recipe: Mapping[str, Any], history: History) -> None:
        """Continue the run of this folder, or begin one, and send what it lacks.

        Raises:
            LogError: the server cannot be reached or refuses; or the folder cannot be written to.
        """
        try:
            client = connect(self._uri)
            self._run = self._continued(client, epochs_in(history)) or self._created(client)
            replace_text(self._path, json.dumps({"tracking_uri": plain(self._uri), "run_id": self._run}))
            self._send_parameters(client, flat(recipe))
            self._note(history)
            self._send(client)
        except Exception as error:  # MLflow's, its database's or the file's: none may come after hours
            raise LogError(
                f"MLflow cannot be used at {plain(self._uri)}: {reason(error, self._uri)}. Correct the "
                "address or start the server; without --mlflow (and MLFLOW_TRACKING_URI) none is needed."
            ) from error
        self._client = client

    def epoch(self, number: int, history: History) -> None:
        """Send the epoch's figures, and those that an outage has kept back."""
        self._note(history)
        self._try(self._send)

    def finish(self, figures: Mapping[str, float]) -> None:
        """Send the test figures, as of the last epoch."""
        for name, value in figures.items():
            self._wait(name, value, self._epochs)
        self._try(self._send)

    def close(self, outcome: Outcome) -> None:
        """Send what is left, and say how the run ended."""
        if self._client is None:
            return
        self._not_before = 0.0
        self._try(self._send)
        self._try(lambda client: client.set_terminated(self._run, _STATUS[outcome]))
        if self._waiting:
            print(f"MLflow never received {len(self._waiting)} figures of this run.", file=sys.stderr)
        self._client = None

    def _continued(self, client: Any, done: int) -> str | None:
        """Return the run of an earlier process of this folder, marked as running, if it can go on."""
        run = self._earlier(client)
        if run is None:
            return None
        names = run.data.metrics
        points = {(name, m.step) for name in names for m in client.get_metric_history(run.info.run_id, name)}
        if any(step > done for _, step in points):
            client.set_tag(run.info.run_id, "modiste.given_up", f"resumed from epoch {done} in another run")
            client.set_terminated(run.info.run_id, "KILLED")
            return None
        client.update_run(run.info.run_id, status="RUNNING")
        self._known = points
        return str(run.info.run_id)

    def _earlier(self, client: Any) -> Any:
        with suppress(OSError, ValueError):
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(kept, dict) and kept.get("tracking_uri") == plain(self._uri):
                return _active_run(client, str(kept.get("run_id")))
        return None

    def _created(self, client: Any) -> str:
        run = client.create_run(
            _experiment(client), run_name=self._name, tags={"mlflow.source.name": "modiste"}
        )
        return str(run.info.run_id)

    def _send_parameters(self, client: Any, parameters: Mapping[str, str]) -> None:
        """Send those that the run lacks: MLflow refuses to change one, as a longer training would."""
        from mlflow.entities import Param

        has = client.get_run(self._run).data.params
        missing = [Param(name, value) for name, value in parameters.items() if name not in has]
        for at in range(0, len(missing), _BATCH // 10):
            client.log_batch(self._run, params=missing[at : at + _BATCH // 10])

    def _note(self, history: History) -> None:
        self._epochs = epochs_in(history)
        for name, values in history.items():
            for index, value in enumerate(values):
                self._wait(name, value, index + 1)

    def _wait(self, name: str, value: float, step: int) -> None:
        if (name, step) not in self._known:
            self._known.add((name, step))
            self._waiting.append((name, float(value), time.time_ns() // 1_000_000, step))

    def _send(self, client: Any) -> None:
        """Send all that waits. What was received although no answer came is the same point again."""
        from mlflow.entities import Metric

        while self._waiting:
            client.log_batch(self._run, metrics=[Metric(*point) for point in self._waiting[:_BATCH]])
            del self._waiting[:_BATCH]

    def _try(self, call: Callable[[Any], object]) -> None:
        if self._monotonic() < self._not_before:
            return
        try:
            call(self._client)
        except Exception as error:  # a log that fails, in whatever way, is not worth the training
            self._not_before = self._monotonic() + _PAUSE_S
            if not self._warned:
                print(
                    f"MLflow at {plain(self._uri)} fails ({reason(error, self._uri)}); training goes on, "
                    "and the figures are sent when it is back.",
                    file=sys.stderr,
                )
            self._warned = True


def flat(value: Any, name: str = "") -> dict[str, str]:
    """Return a recipe's fields by dotted name (``network.layers.0.units``), without those that are None."""
    if isinstance(value, Mapping):
        inner = {str(key): item for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        inner = {str(index): item for index, item in enumerate(value)}
    else:
        return {} if value is None else {name: str(value)}
    prefix = f"{name}." if name else ""
    return {key: text for part, item in inner.items() for key, text in flat(item, prefix + part).items()}


def _experiment(client: Any) -> str:
    """Return the id of the experiment that MLflow's own variable names, else of "modiste"."""
    if number := os.environ.get("MLFLOW_EXPERIMENT_ID"):
        return number
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "modiste")
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _active_run(client: Any, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run if run.info.lifecycle_stage == "active" else None
