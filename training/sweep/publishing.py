"""Publishing what a sweep found best, by its validation figure, through its recipe's own gate."""

from pathlib import Path

from training.publishing.publish import Published, publish
from training.report import SeedSpread
from training.sweep.one import Find, recover
from training.sweep.result import Group, SweepResult
from training.sweep_files.errors import SweepError


def publish_best(
    result: SweepResult, artifacts: Path, find: Find, command: str | None = None, *, prepared: bool = True
) -> Published:
    """Publish the best training of the best variant or trial as the next version of its recipe's model.

    Args:
        result: what the sweep found.
        artifacts: the model repository.
        find: gives the recipe's data.
        command: what made the model, for its card.
        prepared: convert the model for serving now.

    Raises:
        SweepError: no training came to its end.
        QualityGateError: the best one is worse than its recipe demands.
        PublishError: the version cannot be written.
    """
    best, row = result.best, result.best_row
    if best is None or row is None:
        raise SweepError("Nothing was published: no variant came to its end with all its seeds.")
    run, trained = recover(row, find)
    try:
        published = publish(
            trained,
            artifacts,
            run=run.id,
            prepared=prepared,
            command=command,
            seeds=_seeds(best, result.metric),
            chosen_among=len(result.rows),
        )
        run.finish(published.folder)
        return published
    finally:
        run.close()


def _seeds(best: Group, metric: str) -> SeedSpread | None:
    values = {row.seed: row.figures[f"test_{metric}"] for row in best.rows}
    return SeedSpread(f"test_{metric}", values) if len(values) > 1 else None
