"""How the course judges its figures, what a budget leaves, and what its command refuses."""

import numpy as np
import pytest
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.datasets import Dataset, Origin, Split
from training.catalog import read_recipe
from training.course.budget import BUDGETS, FULL, SMALL
from training.course.outcome import Claim, Comparison, Done, Outcome
from training.course.verdicts import summary


@pytest.mark.parametrize(
    ("found", "lower", "reproduced_by"),
    [
        ((0.86, 0.85, 0.845), False, 3),
        ((0.85, 0.83, 0.825), False, 1),
        ((0.83, 0.82, 0.81), False, 0),
        ((0.99,), False, 1),
        ((0.859,), True, 1),
        ((0.875, 0.855), True, 1),
        ((0.875,), True, 0),
        ((0.1,), True, 1),
    ],
    ids=["all", "one", "none", "better", "loss a little higher", "one loss", "loss too high", "loss lower"],
)
def test_a_reference_is_reproduced_run_by_run(found, lower, reproduced_by):
    check = Comparison("accuracy", found, 0.85, lower_is_better=lower)
    assert check.reproduced_by == reproduced_by
    assert check.difference == pytest.approx(sum(found) / len(found) - 0.85)


def test_a_figure_without_a_reference_is_not_judged():
    check = Comparison("accuracy", (0.5,))
    assert (check.difference, check.reproduced_by) == (None, None)


def test_the_terminal_is_told_which_references_were_not_reproduced():
    done = [
        Done(1, Outcome((Comparison("accuracy", (0.845,), 0.85), Comparison("seconds", (3.0,)))), 1.0),
        Done(2, Outcome((Comparison("accuracy", (0.85, 0.83), 0.85), Comparison("loss", (0.5,), 0.4))), 1.0),
        Done(3, Outcome((Comparison("accuracy", (0.83,), 0.85), Claim("it stops", "it stopped", True))), 1.0),
        Done(7, Outcome((Claim("the gap shrinks", "it grows", False),)), 1.0),
        Done(10, Outcome(not_run="No data."), 0.0),
    ]
    not_run = "  experiment 10: not run"
    assert summary(done, judged=True) == [
        "3 of 6 references reproduced by every run",
        "  experiment 2: accuracy: reproduced by 1 of 2",
        "  experiment 3: accuracy: falls short",
        "  experiment 7: the gap shrinks: does not hold",
        not_run,
    ]
    small, unjudged = summary(done, judged=False)
    assert "measure nothing" in small and unjudged == not_run


def test_the_full_budget_leaves_recipes_and_data_as_they_are():
    recipe = read_recipe("fashion-dropout")
    assert FULL.shorten(recipe) == recipe
    assert len(FULL.reduce(dataset(30)).train.x) == 30
    assert len(FULL.seeds) == 3


def test_the_small_budget_shortens_both():
    recipe = SMALL.shorten(read_recipe("fashion-dropout"))
    assert (recipe.fit.epochs, recipe.fit.batch_size) == (2, 640)
    assert recipe.network == read_recipe("fashion-dropout").network
    reduced = SMALL.reduce(dataset(1000))
    assert [len(split.x) for split in reduced.splits] == [800, 200]
    assert [len(split.y) for split in reduced.splits] == [800, 200]
    assert len(SMALL.reduce(dataset(30)).train.x) == 30


def test_a_recipe_of_fewer_epochs_stays_shorter_than_the_budget():
    assert SMALL.shorten(read_recipe("fashion-relu", {"fit.epochs": 1})).fit.epochs == 1


def test_budgets_are_asked_for_by_name():
    assert {name: budget.name for name, budget in BUDGETS.items()} == {"small": "small", "full": "full"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["0"], "have the numbers 1 to 14; found 0"),
        (["3", "15"], "have the numbers 1 to 14; found 3, 15"),
        (["10", "--data", "mnist"], "--data is written NAME=PATH"),
        (["10", "--data", "mnits=digits.npz"], "found 'mnits=digits.npz'"),
        (["10", "--data", "mnist=fashion_mnist"], "found 'mnist=fashion_mnist'"),
        (["--budget", "large"], "Invalid value for '--budget'"),
    ],
)
def test_the_command_refuses_what_it_cannot_run(arguments, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["course", *arguments], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert expected in result.output
    assert list(tmp_path.iterdir()) == []


def dataset(rows: int) -> Dataset:
    origin = Origin("the tests", None)
    x, y = np.zeros((rows, 28, 28), np.uint8), np.zeros(rows, np.uint8)
    train, test = (Split(name, ("one",), x, y, {}, origin) for name in ("train", "test"))
    return Dataset("blank", ("one",), train, test, origin)
