"""A run in MLflow, in a real store that MLflow's own client reads back; and servers that are not there."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from training.logs import LogError, open_logs
from training.logs.mlflow_log import MlflowLog, flat
from training.logs.mlflow_store import connect, plain, reason

# MLflow's own calls of SQLAlchemy; and its imports, some hundred modules of many libraries.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
ROOT = Path(__file__).parents[2]
RECIPE = {
    "model": "패션",
    "seed": 42,
    "network": {"layers": [{"units": 10, "name": None}]},
    "rates": [0.1, 0.2],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> str:
    """The address of a store; making its tables takes seconds, so there is one for all tests."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/runs.db"
    connect(uri).create_experiment("modiste", artifact_location="file:///nowhere")
    return uri


@pytest.fixture(autouse=True)
def _no_variables_of_this_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)


def history(epochs: int, offset: float = 0.0) -> dict[str, list[float]]:
    return {
        name: [offset + n + at for n in range(1, epochs + 1)]
        for at, name in ((0.5, "loss"), (0.25, "val_loss"))
    }


def read(store: str, folder: Path):
    client = connect(store)
    run = client.get_run(json.loads((folder / "mlflow.json").read_text())["run_id"])
    points = {
        name: [(metric.step, metric.value) for metric in client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
    }
    return run, points


def steps(values) -> list[tuple[int, float]]:
    return list(enumerate(values, 1))


def test_a_run_holds_its_parameters_its_figures_by_epoch_and_how_it_ended(store, tmp_path):
    _, log = open_logs(tmp_path, tensorboard=False, mlflow=store, name="패션 MNIST")
    log.start(RECIPE, {})
    assert read(store, tmp_path)[0].info.status == "RUNNING"
    for number in (1, 2, 3):
        log.epoch(number, history(number))
    log.finish({"test_accuracy": 0.875})
    log.close("finished")
    run, points = read(store, tmp_path)
    assert (run.info.run_name, run.info.status) == ("패션 MNIST", "FINISHED")
    assert run.data.params == {
        "model": "패션",
        "seed": "42",
        "network.layers.0.units": "10",
        "rates.0": "0.1",
        "rates.1": "0.2",
    }
    assert points == {
        "loss": steps(history(3)["loss"]),
        "val_loss": steps(history(3)["val_loss"]),
        "test_accuracy": [(3, 0.875)],
    }


@pytest.mark.parametrize(
    "file", sorted((ROOT / "training" / "recipes").glob("*.toml")), ids=lambda file: file.stem
)
def test_a_shipped_recipe_has_a_name_that_mlflow_takes_for_each_of_its_fields(file, store, tmp_path):
    recipe = tomllib.loads(file.read_text(encoding="utf-8"))
    log = MlflowLog(tmp_path, store, "x")
    log.start(recipe, {})
    log.close("stopped")
    parameters = read(store, tmp_path)[0].data.params
    assert parameters == flat(recipe)
    assert parameters["data.dataset"] == recipe["data"]["dataset"]


@pytest.mark.parametrize(("outcome", "status"), [("stopped", "KILLED"), ("failed", "FAILED")])
def test_a_resumed_run_goes_on_in_the_same_run_and_sends_nothing_twice(outcome, status, store, tmp_path):
    first = MlflowLog(tmp_path, store, "x")
    first.start(RECIPE, {})
    for number in (1, 2):
        first.epoch(number, history(number))
    first.close(outcome)
    before, _ = read(store, tmp_path)
    assert before.info.status == status
    second = MlflowLog(tmp_path, store, "x")
    # Three were done, the third of which the store was never told; and the resumed run is a longer one.
    second.start(RECIPE | {"seed": 43, "epochs": 4}, history(3))
    assert read(store, tmp_path)[0].info.status == "RUNNING"
    second.epoch(4, history(4))
    second.close("finished")
    after, points = read(store, tmp_path)
    assert after.info.run_id == before.info.run_id
    assert (after.info.status, after.data.params["seed"], after.data.params["epochs"]) == (
        "FINISHED",
        "42",
        "4",
    )
    assert points["loss"] == steps(history(4)["loss"])


def test_a_run_that_is_ahead_of_what_is_resumed_is_given_up_for_a_new_one(store, tmp_path):
    ahead = MlflowLog(tmp_path, store, "x")
    ahead.start(RECIPE, {})
    for number in (1, 2, 3):
        ahead.epoch(number, history(number))
    given_up, _ = read(store, tmp_path)  # and killed: close is never called
    resumed = MlflowLog(tmp_path, store, "x")
    resumed.start(RECIPE, history(2))
    resumed.epoch(3, {name: history(2)[name] + history(3, 100.0)[name][2:] for name in ("loss", "val_loss")})
    resumed.close("finished")
    run, points = read(store, tmp_path)
    assert run.info.run_id != given_up.info.run_id
    assert points["loss"] == steps([*history(2)["loss"], 103.5])
    old = connect(store).get_run(given_up.info.run_id)
    assert (old.info.status, old.data.tags["modiste.given_up"]) == (
        "KILLED",
        "resumed from epoch 2 in another run",
    )


@pytest.mark.parametrize("kept", ["deleted", "unknown", "of another store", "half a file"])
def test_a_run_that_cannot_be_continued_is_begun_anew_with_all_epochs(kept, store, tmp_path):
    file = tmp_path / "mlflow.json"
    if kept == "deleted":
        log = MlflowLog(tmp_path, store, "x")
        log.start(RECIPE, {})
        connect(store).delete_run(read(store, tmp_path)[0].info.run_id)
    texts = {
        "unknown": json.dumps({"tracking_uri": plain(store), "run_id": "0" * 32}),
        "of another store": json.dumps({"tracking_uri": "http://elsewhere", "run_id": "0" * 32}),
        "half a file": '{"tracking_uri": "htt',
    }
    if kept in texts:
        file.write_text(texts[kept])
    log = MlflowLog(tmp_path, store, "x")
    log.start(RECIPE, history(2))
    log.close("stopped")
    run, points = read(store, tmp_path)
    assert run.info.lifecycle_stage == "active"
    assert points["loss"] == steps(history(2)["loss"])


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def outage(store: str) -> Iterator[None]:
    """Take away a table that every call needs."""
    with closing(sqlite3.connect(plain(store).removeprefix("sqlite:///"))) as connection:
        connection.execute("ALTER TABLE runs RENAME TO runs_away")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE runs_away RENAME TO runs")


def test_what_an_outage_keeps_back_is_one_warning_and_is_sent_after_it(store, tmp_path, capsys):
    clock = Clock()
    log = MlflowLog(tmp_path, store, "x", clock)
    log.start(RECIPE, {})
    log.epoch(1, history(1))
    with outage(store):
        for number in (2, 3, 4):
            clock.now += 61 if number == 4 else 1
            log.epoch(number, history(number))
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 1
    assert warnings[0].startswith(f"MLflow at {plain(store)} fails (")
    assert warnings[0].endswith("); training goes on, and the figures are sent when it is back.")
    log.epoch(5, history(5))
    assert read(store, tmp_path)[1]["loss"] == steps(history(1)["loss"]), "it is asked once a minute"
    clock.now += 61
    log.epoch(6, history(6))
    assert read(store, tmp_path)[1]["loss"] == steps(history(6)["loss"])
    log.close("finished")
    assert (read(store, tmp_path)[0].info.status, capsys.readouterr().err) == ("FINISHED", "")


def test_an_outage_to_the_end_says_how_many_figures_were_lost_and_a_resume_sends_them(
    store, tmp_path, capsys
):
    log = MlflowLog(tmp_path, store, "x")
    log.start(RECIPE, history(1))
    with outage(store):
        log.epoch(2, history(2))
        log.finish({"test_loss": 1.0})
        log.close("stopped")
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 2
    assert warnings[1] == "MLflow never received 3 figures of this run."
    again = MlflowLog(tmp_path, store, "x")
    again.start(RECIPE, history(2))
    again.close("stopped")
    assert read(store, tmp_path)[1] == {name: steps(history(2)[name]) for name in ("loss", "val_loss")}


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def silent_port() -> socket.socket:
    """Accepts connections, as a frozen server does, and never answers."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening


def refusal(uri: str, folder: Path) -> str:
    log = MlflowLog(folder, uri, "x")
    with pytest.raises(LogError) as caught:
        log.start(RECIPE, {})
    log.close("failed")
    assert not (folder / "mlflow.json").exists()
    return str(caught.value)


ADVICE = (
    ". Correct the address or start the server; without --mlflow (and MLFLOW_TRACKING_URI) none is needed."
)


def test_a_server_that_is_not_there_is_one_message_before_the_training(tmp_path):
    port = closed_port()
    message = refusal(f"http://name:secret@127.0.0.1:{port}", tmp_path)
    assert message == f"MLflow cannot be used at http://127.0.0.1:{port}: Connection refused{ADVICE}"


def test_a_server_that_never_answers_is_one_message_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")  # thirty seconds, where nobody set it
    with silent_port() as silent:
        message = refusal(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
    assert "timed out" in message and message.endswith(ADVICE)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sqlite:////proc/none/runs.db", r"at sqlite:////proc/none/runs\.db: No such file or directory\."),
        ("./mlruns", r"at \./mlruns: The filesystem tracking backend .* 'sqlite:///mlflow\.db'"),
        ("nonsense://somewhere", r"at nonsense://somewhere: .*unsupported URI 'nonsense://somewhere'"),
    ],
    ids=["a folder that refuses", "a plain folder", "no store"],
)
def test_an_address_that_is_no_store_is_one_message_before_the_training(uri, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refusal(uri, tmp_path)
    assert "\n" not in message and message.endswith(ADVICE)
    assert re.search(expected, message)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://user:secret@example.org:5000/base", "https://example.org:5000/base"),
        ("postgresql://u:secret@db/mlflow?password=x", "postgresql://db/mlflow"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("databricks", "databricks"),
    ],
)
def test_an_address_is_shown_and_kept_without_its_secrets(uri, expected):
    assert plain(uri) == expected


def test_an_error_is_told_in_one_line_without_the_address_s_secrets():
    error = ValueError("no store at http://u:secret@h/\nand a second line")
    assert reason(error, "http://u:secret@h/") == "no store at http://h/"


QUIET = """
import sys, threading; from pathlib import Path
from training.logs.mlflow_log import MlflowLog
log = MlflowLog(Path(sys.argv[1]), sys.argv[2], "x")
log.start({"seed": 1}, {"loss": [1.0]}); log.close("finished")
from mlflow.telemetry import get_telemetry_client
print(get_telemetry_client(), [thread.name for thread in threading.enumerate()], "tensorflow" in sys.modules)
"""


def test_mlflow_reports_to_nobody_and_is_quiet(store, tmp_path):
    """The library would write an identifier under the home folder and send what it is used for."""
    home, folder = tmp_path / "home", tmp_path / "run"
    home.mkdir(), folder.mkdir()
    # It keeps quiet in CI and under pytest by itself: make it think that it is elsewhere.
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", QUIET, str(folder), store]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("None ['MainThread'] False\n", "")
    assert list(home.rglob("*")) == []
