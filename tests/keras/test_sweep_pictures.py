"""The pictures of sweeps and of the course, drawn from made-up trainings: they say what they show."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from training.catalog import read_recipe
from training.course.pictures import draw_curves, draw_losses
from training.report import style
from training.sweep import Group, Row, SweepResult, draw, read_sweep
from training.sweep.curves import curves

RECIPE = read_recipe("fashion-relu")


def trained(variant: str, losses: list[float], recipe=RECIPE, outcome="finished") -> Row:
    """A training with these validation losses; it keeps the epoch of the lowest one."""
    history = {
        "loss": tuple(0.9 * loss for loss in losses),
        "val_loss": tuple(losses),
        "accuracy": tuple(1 - loss / 10 for loss in losses),
        "val_accuracy": tuple(0.98 - loss / 10 for loss in losses),
    }
    kept = 1 + losses.index(min(losses))
    return Row(variant, recipe, Path("none"), outcome, "", history, kept, {"test_accuracy": 0.8}, 79_510)


def falling(start: float, end: float, epochs: int) -> list[float]:
    return [end + (start - end) * 0.7**epoch for epoch in range(epochs)]


def compared(**losses: list[float]) -> SweepResult:
    groups = tuple(Group(name, {}, (trained(name, values),)) for name, values in losses.items())
    return SweepResult(read_sweep("fashion-epochs"), groups)


def drawn(result: SweepResult) -> Figure:
    with style.applied():
        figure = curves(result, [group.name for group in result.groups])
        figure.canvas.draw()
    return figure


def test_titles_say_what_is_drawn_and_axes_in_which_unit():
    few, many = drawn(compared(a=[0.5, 0.4])), drawn(compared(**{name: [0.5, 0.4] for name in "abcd"}))
    assert [axes.get_title(loc="left") for axes in few.axes] == [
        "Validation and training loss",
        "Validation and training accuracy",
    ]
    assert [axes.get_title(loc="left") for axes in many.axes] == ["Validation loss", "Validation accuracy"]
    for figure in (few, many):
        heights = [axes.get_ylabel() for axes in figure.axes]
        assert heights == ["cross-entropy (nats)", "images classified correctly"]


@pytest.mark.parametrize("epochs", [1, 5, 11, 23])
def test_the_last_epoch_is_ticked(epochs):
    figure = drawn(compared(a=falling(0.9, 0.3, epochs), b=[0.5]))
    assert all(axes.get_xticks()[-1] == epochs for axes in figure.axes)


@pytest.mark.parametrize(
    ("worst", "scale"),
    [
        (falling(1.0, 0.7, 5), "linear"),
        (falling(90.0, 0.4, 2)[:1] + falling(0.9, 0.4, 5), "linear"),
        (falling(9.0, 2.6, 5), "log"),
        ([0.5, 4.0, 80.0, 3000.0], "log"),
    ],
    ids=["worse", "high in its first epoch", "far above", "grows after the epoch that it keeps"],
)
def test_a_line_far_above_the_others_makes_the_axis_logarithmic(worst, scale):
    loss, accuracy = drawn(compared(a=falling(0.8, 0.3, 5), b=falling(0.9, 0.35, 5), worst=worst)).axes
    assert (loss.get_yscale(), accuracy.get_yscale()) == (scale, "linear")
    assert ("logarithmic" in loss.get_ylabel()) == (scale == "log")
    assert not any("$" in label.get_text() for label in loss.get_yticklabels())


def test_all_pictures_become_files(tmp_path):
    one, other = trained("one", falling(0.9, 0.3, 20)), trained("other", falling(1.0, 0.4, 20))
    draw(compared(a=falling(0.8, 0.3, 12), b=falling(9.0, 3.0, 12)), tmp_path / "sweep.png")
    draw_curves(one, tmp_path / "epochs.png")
    draw_losses({"without dropout": one, "with dropout": other}, tmp_path / "dropout.png")
    assert {path.name for path in tmp_path.iterdir()} == {"sweep.png", "epochs.png", "dropout.png"}
