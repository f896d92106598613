"""What can go wrong with a sweep as a whole; a single training that fails is a row of its table."""

from training.errors import TrainingError


class SweepError(TrainingError):
    """A sweep is missing or has a mistake, or cannot be gone on with; the message says where and why."""
