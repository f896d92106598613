"""What can go wrong while training, for people to read at a terminal.

TrainingError
├── RecipeError         a recipe is missing or has a mistake; the message names the field
├── NonFiniteLossError  the loss became NaN or infinite
├── OutOfMemoryError    the network and its batches do not fit into the memory
├── RunError            a run cannot be kept or gone on with
├── QualityGateError    the model is not good enough to publish
└── PublishError        the version could not be written, or did not read back as what was trained
"""


class TrainingError(Exception):
    """Training cannot go on; the message says why and what to do."""


class RecipeError(TrainingError):
    """A recipe is missing or has a mistake; the message names the field and what is allowed."""


class NonFiniteLossError(TrainingError):
    """The loss became NaN or infinite; the message says when."""


class OutOfMemoryError(TrainingError):
    """The network and its batches do not fit into the memory; the message says what to make smaller."""


class RunError(TrainingError):
    """A run cannot be kept, or cannot be gone on with; the message says where and why."""


class QualityGateError(TrainingError):
    """The model is worse than its recipe demands; the message states both numbers."""


class PublishError(TrainingError):
    """The version could not be written, or did not read back as what was trained."""
