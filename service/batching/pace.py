"""How long the batches of one version take: as the warm-up measured, and as they turn out since."""

from bisect import bisect_left
from collections.abc import Mapping

_SHORT_S = 0.02
_GOOD_ENOUGH = 0.9
_WEIGHT = 0.1
_MOST_AT_ONCE = 4.0
_LEAST, _MOST = 0.25, 100.0
_BUSY_S = 0.03


class Pace:
    """Estimates, from the seconds of some batch sizes and a factor that follows what is observed.

    `batch_rows` is the largest batch that is worth its time: larger ones would hardly compute more rows a
    second, and all that time nobody else would have a turn. A short batch is always worth it.
    """

    def __init__(self, seconds: Mapping[int, float]) -> None:
        """Start from the warm-up.

        Args:
            seconds: by batch size, from one row to the most that a batch may have.
        """
        best = max(size / taken for size, taken in seconds.items())
        good = min(size for size, taken in seconds.items() if size / taken >= _GOOD_ENOUGH * best)
        short = max((size for size, taken in seconds.items() if taken <= _SHORT_S), default=1)
        self.batch_rows = max(good, short)
        self._sizes = [size for size in sorted(seconds) if size <= self.batch_rows]
        self._seconds = [seconds[size] for size in self._sizes]
        self._factor = 1.0

    @property
    def busy_s(self) -> float:
        """How much work keeps the engine busy: a batch that it computes, and the next one."""
        return max(_BUSY_S, 2 * self._seconds[-1] * self._factor)

    def seconds(self, rows: int) -> float:
        """Return how long so many rows take, cut into batches."""
        batches, rest = divmod(rows, self.batch_rows)
        return self._factor * (batches * self._seconds[-1] + self._of_one_batch(rest))

    def rows_within(self, seconds: float) -> int:
        """Return how many rows surely take no longer, of the sizes that are known."""
        plain = seconds / self._factor
        if plain >= self._seconds[-1]:
            return int(plain / self._seconds[-1]) * self.batch_rows
        return max(
            (n for n, taken in zip(self._sizes, self._seconds, strict=True) if taken <= plain), default=0
        )

    def observe(self, rows: int, seconds: float) -> None:
        """Learn from a batch; one that took far longer, as when the machine stood, hardly counts more."""
        expected = self._of_one_batch(min(rows, self.batch_rows))
        seen = min(seconds / expected, _MOST_AT_ONCE * self._factor)
        self._factor = min(max(self._factor + _WEIGHT * (seen - self._factor), _LEAST), _MOST)

    def _of_one_batch(self, rows: int) -> float:
        """Interpolate between the sizes that were measured."""
        if not rows:
            return 0.0
        at = bisect_left(self._sizes, rows)
        above, taken = self._sizes[at], self._seconds[at]
        if above == rows:
            return taken
        below, before = self._sizes[at - 1], self._seconds[at - 1]
        return before + (taken - before) * (rows - below) / (above - below)
