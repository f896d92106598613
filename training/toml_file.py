"""Reading the TOML files that people write, with mistakes told in their words: recipes and sweeps alike."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from training.errors import TrainingError
from training.schema.mistakes import explain
from training.schema.section import Section

Kind = TypeVar("Kind", bound=Section)


def read_toml(path: Path, what: str, error: type[TrainingError]) -> dict[str, Any]:
    """Return the document of a file.

    Args:
        path: of the file.
        what: it is, for messages: ``recipe``.
        error: what is raised.

    Raises:
        TrainingError: of the type `error`; it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise error(f"The {what} {path} cannot be read: {cause.strerror}.") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise error(f"The {what} {path} is not valid TOML: {cause}.") from cause


def checked(kind: type[Kind], document: Any, named: str, error: type[TrainingError]) -> Kind:
    """Return a document as its schema; `named` says in messages what it is.

    Raises:
        TrainingError: of the type `error`; the message has one line for each mistake.
    """
    try:
        return kind.model_validate(document)
    except ValidationError as cause:
        mistakes = "\n".join(f"  - {mistake}" for mistake in explain(cause))
        raise error(f"The {named} has mistakes:\n{mistakes}") from cause
