"""One figure of one recipe, trained with several seeds: how much of a result is luck."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeedSpread:
    """The same figure by seed.

    Attributes:
        metric: what was measured, as a version's metadata calls it (``test_accuracy``).
        values: the figure by seed; at least one.
    """

    metric: str
    values: Mapping[int, float]

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return statistics.fmean(self.values.values())

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation (divided by n - 1); None of a single seed."""
        return statistics.stdev(self.values.values()) if len(self.values) > 1 else None
