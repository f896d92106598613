"""The bar on a terminal: the time left, of fast networks and of slow ones."""

import io

import pytest
from rich.console import Console

from training.fitting.progress import ProgressBar


class FakeClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def terminal(monkeypatch) -> Console:
    monkeypatch.setenv("TERM", "xterm")
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=120)


def drawn(console: Console, seconds_between_looks: float) -> str:
    """What the terminal was sent in two of four epochs of 320 steps, looked at every 32."""
    clock = FakeClock()
    with ProgressBar(4, console, clock) as bar:
        bar.set_params({"steps": 320})
        for epoch in range(2):
            bar.on_epoch_begin(epoch)
            for step in range(31, 320, 32):
                clock.now += seconds_between_looks
                bar.on_train_batch_end(step, {"loss": 0.5})
            bar.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 0.25})
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "left", "epoch"),
    [(0.5, "0:00:10", "5.0 s"), (31.0, "0:10:20", "310.0 s"), (600.0, "3:20:00", "6000.0 s")],
    ids=["fast", "slower than once in half a minute", "once in ten minutes"],
)
def test_the_time_left_is_told_however_slow_the_steps_are(terminal, seconds, left, epoch):
    text = drawn(terminal, seconds)
    last = text[text.rindex("epoch 2/4") :]
    assert left in last and "loss 0.5000" in last
    assert f"epoch  2/4  loss 0.5000  val_loss 0.2500  {epoch}" in text


def test_without_a_terminal_there_are_the_epochs_lines_alone():
    console = Console(file=io.StringIO(), width=120)
    assert drawn(console, 31.0).splitlines() == [
        f"epoch  {number}/4  loss 0.5000  val_loss 0.2500  310.0 s" for number in (1, 2)
    ]
