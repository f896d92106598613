"""Why a model file is refused: one exception, one stable word for each reason.

The words are part of the public interface (``modiste inspect --json``, ``GET /models``) and are
documented one by one in ``docs/model-files.md``; a test keeps the two lists equal.
"""

import re
from enum import StrEnum

_SHOWN_NAME = 80
_SHOWN_LINE = 300
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_KERAS_PREAMBLE = "Exception encountered when calling"


class Reason(StrEnum):
    """The stable word that names a refusal, in the order in which a file is examined."""

    OK = "ok"

    # The file itself.
    NOT_FOUND = "not_found"
    SYMBOLIC_LINK = "symbolic_link"
    NOT_A_FILE = "not_a_file"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"

    # The zip archive that a .keras file is.
    ARCHIVE_DAMAGED = "archive_damaged"
    ARCHIVE_MEMBERS = "archive_members"
    ARCHIVE_DUPLICATE = "archive_duplicate"
    ARCHIVE_ENCRYPTED = "archive_encrypted"
    ARCHIVE_COMPRESSED = "archive_compressed"

    # The JSON documents inside.
    JSON_INVALID = "json_invalid"
    JSON_TOO_LARGE = "json_too_large"
    JSON_TOO_DEEP = "json_too_deep"
    JSON_DUPLICATE_KEY = "json_duplicate_key"
    JSON_NUMBER = "json_number"
    JSON_TEXT = "json_text"

    # What the configuration asks Keras to build.
    NOT_A_MODEL = "not_a_model"
    LAMBDA = "lambda"
    FUNCTION_REFERENCE = "function_reference"
    REGISTERED_OBJECT = "registered_object"
    UNKNOWN_OBJECT = "unknown_object"
    UNKNOWN_NAME = "unknown_name"
    DTYPE = "dtype"
    TOO_MANY_LAYERS = "too_many_layers"

    # The HDF5 file that holds the weights.
    WEIGHTS_DAMAGED = "weights_damaged"
    WEIGHTS_EXTERNAL = "weights_external"
    WEIGHTS_TYPE = "weights_type"
    WEIGHTS_FILTER = "weights_filter"
    WEIGHTS_TOO_LARGE = "weights_too_large"
    WEIGHTS_NOT_STORED = "weights_not_stored"
    WEIGHTS_NOT_FINITE = "weights_not_finite"

    # What only Keras can tell, found while preparing.
    TOO_MANY_PARAMETERS = "too_many_parameters"
    ACTIVATIONS_TOO_LARGE = "activations_too_large"
    CANNOT_LOAD = "cannot_load"
    CANNOT_RUN = "cannot_run"
    OUTPUT_SHAPE = "output_shape"
    OUTPUT_NOT_FINITE = "output_not_finite"
    FLOAT_TYPE_CHANGED = "float_type_changed"


class Refused(Exception):
    """A model file that is not read any further.

    Attributes:
        reason: the stable word.
        detail: one sentence for a person: what was expected, what came. It holds no path, and of the
            file's own text at most names, shortened (see `shown`).
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def shown(text: object) -> str:
    """Return a name out of a file as it may be shown: quoted, without control characters, shortened.

    A file's author chooses these names, and a terminal or a log will print them.
    """
    return f"'{_shortened(str(text), _SHOWN_NAME)}'"


def first_line(error: Exception) -> str:
    """Return a library's error in one line; its text may quote the file."""
    lines = (line.strip() for line in _COLOUR.sub("", str(error)).splitlines())
    line = next((line for line in lines if line and not line.startswith(_KERAS_PREAMBLE)), "")
    return f"{type(error).__name__}: {_shortened(line, _SHOWN_LINE)}"


def _shortened(text: str, length: int) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in text[: length + 1])
    return f"{plain[:length]}..." if len(plain) > length else plain
