"""What is asked of Optuna: the next trial's values, and whether a trial has gone on for long enough."""

import math
import statistics

import pytest
from training_data import small_recipe

from training.schema.sweep import Dimension, Pruner, Search
from training.sweep.pruning import Pruned, PruningLog
from training.sweep.search import Trial, is_enough, suggest

SPACE = {
    "rate": Dimension(low=1e-4, high=1.0, log=True),
    "units": Dimension(low=64, high=256, step=64),
    "optimizer": Dimension(choices=[{"name": "adam"}, {"name": "sgd", "momentum": 0.9}]),
}


def search(**fields) -> Search:
    return Search(**({"trials": 30, "startup_trials": 5, "space": SPACE} | fields))


def finished(values, value, by_epoch=()) -> Trial:
    return Trial(values, "finished", value, by_epoch)


def distance(values) -> float:
    """Least at a rate of 0.01."""
    return (math.log10(values["rate"]) + 2) ** 2


def searched() -> list[Trial]:
    past: list[Trial] = []
    for _ in range(20):
        values = suggest(search(), False, past)
        past.append(finished(values, distance(values)))
    return past


@pytest.mark.parametrize("side", [1, -1], ids=["lowest", "highest"])
def test_suggestions_lie_nearer_to_the_best_trials_than_chance_would_have_them(side):
    others = {"units": 64, "optimizer": SPACE["optimizer"].choices[0]}
    tried = [{"rate": 10 ** (-4 + 4 * n / 24), **others} for n in range(25)]
    past = [finished(values, side * distance(values)) for values in tried]
    found = [distance(suggest(search(seed=seed), side < 0, past)) for seed in range(15)]
    assert statistics.median(found) < 0.4  # by chance it is 1


def test_values_are_what_the_space_says_they_are():
    for trial in searched():
        assert 1e-4 <= trial.values["rate"] <= 1
        assert trial.values["units"] in (64, 128, 192, 256) and isinstance(trial.values["units"], int)
        assert trial.values["optimizer"] in SPACE["optimizer"].choices


def test_a_suggestion_depends_on_nothing_but_the_trials_before_it():
    past = searched()
    for number in (0, 3, 17):
        assert suggest(search(), False, past[:number]) == past[number].values
    assert suggest(search(seed=7), False, past[:3]) != past[3].values


def test_trials_that_were_pruned_or_failed_are_told_too():
    values = suggest(search(), False, [])
    past = [Trial(values, "failed", None, ()), Trial(values, "pruned", None, (2.0, 1.5))] * 4
    assert set(suggest(search(), False, past)) == set(SPACE)


@pytest.mark.parametrize(
    ("by_epoch", "enough"),
    [
        ([9.0], False),  # warm-up
        ([9.0, 2.1], True),  # the median of the second epochs is 2
        ([9.0, 1.9], False),
        ([1.9, 9.0], False),  # its best so far is what counts
        ([9.0, 9.0, 9.0, 9.0], False),  # no other trial has a fourth epoch
    ],
)
def test_a_trial_ends_that_is_worse_than_the_median_by_its_epoch(by_epoch, enough):
    values = suggest(search(), False, [])
    past = [finished(values, 1.0, (5.0, second, 1.0)) for second in (1.0, 2.0, 3.0)]
    pruned = search(pruner=Pruner(startup_trials=3, warmup_epochs=1))
    assert is_enough(pruned, False, past, by_epoch) is enough
    assert is_enough(search(), False, past, by_epoch) is False
    assert is_enough(pruned, False, past[:2], by_epoch) is False


def test_where_higher_is_better_the_lower_trial_ends():
    values = suggest(search(), True, [])
    past = [finished(values, 0.8, (0.5, second)) for second in (0.6, 0.7, 0.8)]
    pruned = search(pruner=Pruner(startup_trials=3, warmup_epochs=1))
    assert is_enough(pruned, True, past, [0.5, 0.65]) is True
    assert is_enough(pruned, True, past, [0.5, 0.75]) is False


def test_a_resumed_trial_is_pruned_where_it_would_have_been_and_never_after_its_last_epoch():
    history = {"loss": [1.0, 1.0, 1.0], "val_loss": [3.0, 2.0, 1.0]}
    asked: list[list[float]] = []

    def enough(by_epoch) -> bool:
        asked.append(list(by_epoch))
        return len(by_epoch) >= 2

    with pytest.raises(Pruned, match="after epoch 2"):
        PruningLog(small_recipe(fit={"epochs": 4}), "val_loss", enough).start({}, history)
    assert asked == [[3.0], [3.0, 2.0]]
    PruningLog(small_recipe(fit={"epochs": 3}), "val_loss", lambda by_epoch: len(by_epoch) == 3).start(
        {}, history
    )
