"""Which logs a run keeps, from what its user asked for."""

from importlib.util import find_spec
from pathlib import Path

from training.logs.csv_log import FILE, CsvLog
from training.logs.mlflow_log import MlflowLog
from training.logs.port import LogError, RunLog
from training.logs.sparing import Sparing
from training.logs.tensorboard_log import FOLDER, TensorBoardLog


def open_logs(folder: Path, *, tensorboard: bool, mlflow: str | None, name: str) -> list[RunLog]:
    """Return the logs of the run that lives in `folder`, an existing one; nothing is written yet.

    Args:
        folder: where the run keeps its files, the same one when it is resumed.
        tensorboard: also draw curves for TensorBoard.
        mlflow: also record the run in MLflow, at this tracking URI; None or "" does not.
        name: what the run is called in MLflow, in any language.

    Raises:
        LogError: a library that this needs is not installed.
    """
    logs: list[RunLog] = [Sparing(CsvLog(folder), str(folder / FILE))]
    if tensorboard:
        _need("tensorboard", "TensorBoard's files need", "train")
        logs.append(Sparing(TensorBoardLog(folder), str(folder / FOLDER)))
    if mlflow:
        # The variable may have been set for another program, by somebody who never heard of the option.
        _need("mlflow", "--mlflow (or MLFLOW_TRACKING_URI, where it is set) needs", "mlflow")
        logs.append(MlflowLog(folder, mlflow, name))
    return logs


def _need(library: str, who: str, extra: str) -> None:
    if find_spec(library) is None:
        raise LogError(f"{who} the library '{library}': pip install -e '.[{extra}]'.")
