"""Optuna's part of a search, as two functions of the trials that came before.

No study is kept: each question is put to a fresh one in memory, filled with the trials that the
sweep's folder remembers, and to a sampler with a seed of its own for each trial. So a search that was
killed goes on exactly as one that was not, which a sampler that is restored from a study's storage
does not: its random generator begins anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from training.schema.sweep import Dimension, Search

_STATES = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


@dataclass(frozen=True, slots=True)
class Trial:
    """What Optuna is told of an earlier trial.

    Attributes:
        values: what was tried, by field.
        outcome: finished, pruned or failed.
        value: the monitored figure of the kept model; None unless it finished.
        by_epoch: the monitored figure of each epoch.
    """

    values: Mapping[str, Any]
    outcome: str
    value: float | None
    by_epoch: Sequence[float]


def suggest(search: Search, maximize: bool, past: Sequence[Trial]) -> dict[str, Any]:
    """Return the values of the next trial, by field."""
    number = len(past)
    seed = int(np.random.SeedSequence([search.seed, number]).generate_state(1)[0])
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=search.startup_trials)
    space = {field: _distribution(dimension) for field, dimension in search.space.items()}
    found = _study(search, maximize, past, sampler).ask(space).params
    return {field: _written(search.space[field], found[field]) for field in search.space}


def is_enough(search: Search, maximize: bool, past: Sequence[Trial], by_epoch: Sequence[float]) -> bool:
    """Say whether a trial with these figures so far is to end: earlier ones did better by this epoch."""
    if search.pruner is None:
        return False
    pruner = optuna.pruners.MedianPruner(
        n_startup_trials=search.pruner.startup_trials, n_warmup_steps=search.pruner.warmup_epochs
    )
    running = create_trial(state=TrialState.RUNNING, intermediate_values=_steps(by_epoch))
    return bool(pruner.prune(_study(search, maximize, past), running))


def _study(
    search: Search, maximize: bool, past: Sequence[Trial], sampler: optuna.samplers.BaseSampler | None = None
) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # that a study was made is no news
    study = optuna.create_study(sampler=sampler, direction="maximize" if maximize else "minimize")
    study.add_trials([_frozen(search, trial) for trial in past])
    return study


def _frozen(search: Search, trial: Trial) -> FrozenTrial:
    return create_trial(
        state=_STATES[trial.outcome],
        params={field: _drawn(search.space[field], value) for field, value in trial.values.items()},
        distributions={field: _distribution(search.space[field]) for field in trial.values},
        value=trial.value,
        intermediate_values=_steps(trial.by_epoch),
    )


def _steps(by_epoch: Sequence[float]) -> dict[int, float]:
    # Counted from 0, as Optuna's pruners count their warm-up: with one epoch of it, step 1 is judged first.
    return dict(enumerate(by_epoch))


def _distribution(dimension: Dimension) -> BaseDistribution:
    if dimension.choices is not None:
        # By number: Optuna wants plain values, and a choice may be a whole optimizer.
        return CategoricalDistribution(range(len(dimension.choices)))
    low, high, step = dimension.low, dimension.high, dimension.step
    assert low is not None and high is not None, "the schema asks for both where there are no choices"
    if dimension.whole:
        return IntDistribution(int(low), int(high), log=dimension.log, step=int(step or 1))
    return FloatDistribution(float(low), float(high), log=dimension.log, step=step)


def _written(dimension: Dimension, drawn: Any) -> Any:
    return drawn if dimension.choices is None else dimension.choices[drawn]


def _drawn(dimension: Dimension, written: Any) -> Any:
    return written if dimension.choices is None else dimension.choices.index(written)
