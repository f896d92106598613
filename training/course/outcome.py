"""What an experiment found, as data: the page alone knows how it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

TOLERANCE = 0.01
"""How much worse than its reference a run's figure may be and still reproduce it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure beside its reference.

    Attributes:
        what: the figure's name.
        found: its value, one for each seed.
        reference: what the course's notes report; None where they report nothing.
        lower_is_better: as for a loss.
    """

    what: str
    found: tuple[float, ...]
    reference: float | None = None
    lower_is_better: bool = False

    @property
    def mean(self) -> float:
        """The mean over the seeds: one seed alone moves by as much as 0.01."""
        return fmean(self.found)

    @property
    def difference(self) -> float | None:
        """How much higher than the reference the mean is."""
        return None if self.reference is None else self.mean - self.reference

    @property
    def reproduced_by(self) -> int | None:
        """How many of the runs are better than the reference, or at most `TOLERANCE` worse.

        Run is set against run: a reference is one run of somebody's, and as much a matter of its seed as
        each of these is, so a mean would be asked for more than the reference itself could do again.
        """
        if self.reference is None:
            return None
        return sum(self._worse(found, self.reference) <= TOLERANCE for found in self.found)

    def _worse(self, found: float, reference: float) -> float:
        return found - reference if self.lower_is_better else reference - found


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that the course says in words, and whether it is so."""

    reference: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; columns after the first are numbers where `numbers` says so."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: what it shows, and how it is drawn into a PNG file."""

    name: str
    shows: str
    draw: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Listing:
    """Text as a program printed it."""

    title: str
    text: str


Block = Table | Picture | Listing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one experiment found.

    Attributes:
        checks: figures and claims beside their references.
        findings: sentences.
        blocks: tables, pictures and listings, in the order of the page.
        not_run: why there is nothing of it, or of a part of it; empty where all was run.
    """

    checks: tuple[Comparison | Claim, ...] = ()
    findings: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    not_run: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """An experiment that was run, with the time of its work; work shared with an earlier one counts there."""

    number: int
    outcome: Outcome
    seconds: float = field(compare=False)
