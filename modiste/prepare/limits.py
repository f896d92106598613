"""How much one preparation may use: the child process holds itself to this before it reads the file."""

from dataclasses import dataclass, field

from modiste.reading import ReadingLimits

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class PrepareLimits:
    """Limits of the child process, and of what it reads.

    `memory_bytes` bounds address space, not resident memory: TensorFlow maps three gigabytes of it
    before it does anything, more with many processors, so the limit stands well above what a model
    needs.
    """

    reading: ReadingLimits = field(default_factory=ReadingLimits)
    memory_bytes: int = 16 * _GIB
    file_bytes: int = 4 * _GIB
    cpu_s: int = 600
    wall_s: float = 300.0
