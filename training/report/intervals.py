"""How sure a share is that was counted on so many rows."""

import math

_Z = 1.959963984540054  # of the normal distribution, for 95%


def wilson(share: float, rows: int) -> tuple[float, float]:
    """Return the 95% score interval of a binomial share (Wilson 1927); it stays within 0 and 1."""
    spread = _Z * math.sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2))
    centre, scale = share + _Z**2 / (2 * rows), 1 + _Z**2 / rows
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
