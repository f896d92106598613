"""What a run writes on disk while it runs: right after a kill, a resume and a full disk."""

import csv
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.logs import LogError, open_logs
from training.logs.csv_log import CsvLog
from training.logs.tensorboard_log import TensorBoardLog

ROOT = Path(__file__).parents[2]
NAMES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


def history(epochs: int, offset: float = 0.0) -> dict[str, list[float]]:
    """Figures that tell of their name, their epoch and, by `offset`, the process that made them."""
    return {
        name: [offset + 10 * epoch + place / 8 for epoch in range(1, epochs + 1)]
        for place, name in enumerate(NAMES)
    }


def rows(folder: Path) -> list[dict[str, float]]:
    with (folder / "log.csv").open(encoding="utf-8", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def curves(folder: Path) -> dict[str, dict[str, list[tuple[int, float]]]]:
    found = {}
    for curve in sorted((folder / "tensorboard").iterdir()):
        events = EventAccumulator(str(curve)).Reload()
        found[curve.name] = {
            tag: [(event.step, event.value) for event in events.Scalars(tag)]
            for tag in events.Tags()["scalars"]
        }
    return found


def run_epochs(log, first: int, last: int, offset: float = 0.0) -> None:
    for number in range(first, last + 1):
        log.epoch(number, history(number, offset))


@pytest.mark.parametrize("kind", [CsvLog, TensorBoardLog])
def test_a_log_holds_what_it_was_told(kind, tmp_path):
    log = kind(tmp_path)
    log.start({}, {})
    run_epochs(log, 1, 3)
    log.finish({"test_loss": 0.5, "test_accuracy": 0.75})
    log.close("finished")
    if kind is CsvLog:
        expected = [{"epoch": n, **{k: v[n - 1] for k, v in history(3).items()}} for n in (1, 2, 3)]
        assert rows(tmp_path) == expected
        assert (tmp_path / "log.csv").read_text().startswith("epoch,loss,accuracy,val_loss,")
    else:
        points = {name: list(enumerate(values, 1)) for name, values in history(3).items()}
        assert curves(tmp_path) == {
            "test": {"loss": [(3, 0.5)], "accuracy": [(3, 0.75)]},
            "train": {name: points[name] for name in NAMES if not name.startswith("val_")},
            "validation": {"loss": points["val_loss"], "accuracy": points["val_accuracy"]},
        }


@pytest.mark.parametrize("done", [0, 2, 4])
def test_a_resumed_run_leaves_nothing_of_the_epochs_that_it_does_again(done, tmp_path):
    for offset, first, last in ((0.0, 1, 4), (1000.0, done + 1, 5)):
        before = history(first - 1)
        logs = open_logs(tmp_path, tensorboard=True, mlflow=None, name="x")
        for log in logs:
            log.start({}, before)
        for number in range(first, last + 1):
            now = history(number, offset)
            told = {name: before[name] + now[name][first - 1 :] for name in NAMES}
            for log in logs:
                log.epoch(number, told)
        for log in logs:
            log.close("stopped")
    expected = history(done)["loss"] + history(5, 1000.0)["loss"][done:]
    assert [(row["epoch"], row["loss"]) for row in rows(tmp_path)] == list(enumerate(expected, 1))
    assert curves(tmp_path)["train"]["loss"] == list(enumerate(expected, 1))


def test_a_run_that_starts_anew_leaves_no_table_or_curve_of_another(tmp_path):
    for log in (CsvLog(tmp_path), TensorBoardLog(tmp_path)):
        log.start({}, {})
        run_epochs(log, 1, 2)
        log.finish({"test_loss": 1.0})
        log.close("finished")
        log.start({}, {})
    assert not (tmp_path / "log.csv").exists()
    assert not list((tmp_path / "tensorboard").rglob("*.tfevents.*"))


def test_a_tensorboard_that_watches_sees_each_epoch_at_once_and_a_resume_put_right(tmp_path):
    log = TensorBoardLog(tmp_path)
    log.start({}, {})
    run_epochs(log, 1, 1)
    watching = EventAccumulator(str(tmp_path / "tensorboard" / "train"))
    for number in (2, 3):
        log.epoch(number, history(number))
        steps = [event.step for event in watching.Reload().Scalars("loss")]
        assert steps == list(range(1, number + 1))
    log.close("stopped")
    log.start({}, history(2))
    log.epoch(3, history(3, 1000.0))
    points = [(event.step, event.value) for event in watching.Reload().Scalars("loss")]
    assert points == [(1, 10.0), (2, 20.0), (3, 1030.0)]
    log.close("finished")


def test_epochs_done_before_keep_their_distances_in_time(tmp_path):
    log = TensorBoardLog(tmp_path)
    log.start({}, {"loss": [3.0, 2.0, 1.0], "seconds": [5.0, 7.0, 11.0]})
    log.close("stopped")
    events = EventAccumulator(str(tmp_path / "tensorboard" / "train")).Reload().Scalars("loss")
    times = [event.wall_time for event in events]
    assert [times[1] - times[0], times[2] - times[1]] == pytest.approx([7.0, 11.0], abs=0.01)


WRITING = """
import sys; from pathlib import Path
from training.logs import open_logs
logs = open_logs(Path(sys.argv[1]), tensorboard=True, mlflow=None, name="x")
told = {"loss": [], "val_loss": []}
for log in logs: log.start({}, told)
for number in range(1, 10_000):
    for values in told.values(): values.append(float(number))
    for log in logs: log.epoch(number, told)
    print(number, flush=True)
"""


def test_the_logs_are_whole_after_a_kill(tmp_path):
    command = [sys.executable, "-c", WRITING, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        while (told := int(writer.stdout.readline())) < 50:
            pass
        writer.send_signal(signal.SIGKILL)
    expected = list(range(1, len(rows(tmp_path)) + 1))
    assert [row["epoch"] for row in rows(tmp_path)] == [row["loss"] for row in rows(tmp_path)] == expected
    assert len(expected) >= told
    points = curves(tmp_path)["train"]["loss"]
    assert points == [(number, float(number)) for number in range(1, len(points) + 1)]
    assert len(points) >= told


# A limit on the size of files refuses as a full disk does: in the middle of a record, and for so long
# that no buffer holds what it keeps back.
FULL = """
import resource, sys; from pathlib import Path
from training.logs import open_logs
folder = Path(sys.argv[1])
logs = open_logs(folder, tensorboard=True, mlflow=None, name="x")
told = {name: [] for name in ("loss", "val_loss", *(f"figure_{n}" for n in range(20)))}
for log in logs: log.start({}, told)
for number in range(1, 51):
    for values in told.values(): values.append(float(number))
    if number in (11, 41):
        limit = 100 if number == 11 else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    if number == 41: sys.stdout.write((folder / "log.csv").read_text())
    for log in logs: log.epoch(number, told)
for log in logs: log.close("finished")
"""


def test_what_a_full_disk_refuses_is_one_warning_and_is_put_right_later(tmp_path):
    command = [sys.executable, "-W", "error", "-c", FULL, str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    warned = "cannot be written ([Errno 27] File too large); training goes on."
    assert sorted(result.stderr.splitlines()) == [
        f"{tmp_path / name} {warned}" for name in ("log.csv", "tensorboard")
    ]
    last = ",".join(["10", *["10.0"] * 22])
    assert result.stdout.endswith(f"\n{last}\n"), "what could not be written left the table as it was"
    expected = [(number, float(number)) for number in range(1, 51)]
    assert [(row["epoch"], row["loss"]) for row in rows(tmp_path)] == expected
    found = curves(tmp_path)
    assert found["validation"] == {"loss": expected}
    assert found["train"] == dict.fromkeys(["loss", *(f"figure_{n}" for n in range(20))], expected)


def test_a_folder_that_cannot_be_written_is_an_error_before_the_training(tmp_path):
    (tmp_path / "tensorboard").write_text("a file in the way")
    (tmp_path / "log.csv").mkdir()
    for log in open_logs(tmp_path, tensorboard=True, mlflow=None, name="x"):
        with pytest.raises(LogError, match=r"(log\.csv|tensorboard) cannot be written: "):
            log.start({}, history(1))
        log.close("failed")


def test_figures_that_differ_in_their_epochs_are_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"found \{'loss': 2, 'val_loss': 1\}"):
        CsvLog(tmp_path).epoch(2, {"loss": [1.0, 2.0], "val_loss": [1.0]})


def in_a_process(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("tensorboard", [False, True])
def test_no_library_is_loaded_that_was_not_asked_for(tensorboard, tmp_path):
    code = f"""
import sys; from pathlib import Path
from training.logs import open_logs
for log in open_logs(Path({str(tmp_path)!r}), tensorboard={tensorboard}, mlflow=None, name="x"):
    log.start({{}}, {{}}); log.epoch(1, {{"loss": [1.0]}}); log.finish({{"test_loss": 1.0}}); log.close("finished")
print([name for name in ("tensorboard", "mlflow", "tensorflow", "keras") if name in sys.modules])
"""
    # TensorBoard's own writers would load TensorFlow here, where it is installed.
    assert in_a_process(code) == ("['tensorboard']" if tensorboard else "[]")


@pytest.mark.parametrize(
    ("library", "arguments", "message"),
    [
        (
            "tensorboard",
            "tensorboard=True, mlflow=None",
            "TensorBoard's files need the library 'tensorboard'",
        ),
        (
            "mlflow",
            "tensorboard=False, mlflow='sqlite:///x.db'",
            "--mlflow (or MLFLOW_TRACKING_URI, where it is set) needs the library 'mlflow'",
        ),
    ],
)
def test_a_library_that_is_missing_is_one_sentence_that_says_how_to_get_it(library, arguments, message):
    code = f"""
import importlib.machinery, sys; from pathlib import Path
find = importlib.machinery.PathFinder.find_spec
class Hiding:
    def find_spec(self, name, *rest): return None if name == {library!r} else find(name, *rest)
sys.meta_path[:] = [Hiding() if f is importlib.machinery.PathFinder else f for f in sys.meta_path
                    if "editable" not in repr(f)]
from training.logs import LogError, open_logs
assert len(open_logs(Path("."), tensorboard=False, mlflow="", name="x")) == 1
try: open_logs(Path("."), {arguments}, name="x")
except LogError as error: print(error)
"""
    extra = "train" if library == "tensorboard" else library
    assert in_a_process(code) == f"{message}: pip install -e '.[{extra}]'."
