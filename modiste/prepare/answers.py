"""What the child process may answer: JSON of one of these forms, and nothing else."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from modiste.artifact import Summary
from modiste.prepare.errors import Failure
from modiste.reading import Findings, Reason

ANSWER = "answer.json"
CHECKED = "checked"
"""A file that the child leaves when it has read the model file whole and found nothing wrong."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExaminedAnswer(_Answer):
    """The file passed every step that needs no Keras."""

    outcome: Literal["examined"] = "examined"
    found: Findings


class PreparedAnswer(_Answer):
    """The file was prepared; the graph lies beside the answer where there is one."""

    outcome: Literal["prepared"] = "prepared"
    summary: Summary


class RefusedAnswer(_Answer):
    """The file is refused."""

    outcome: Literal["refused"] = "refused"
    reason: Reason
    detail: str


class FailedAnswer(_Answer):
    """The attempt failed."""

    outcome: Literal["failed"] = "failed"
    reason: Failure
    detail: str


Answer = ExaminedAnswer | PreparedAnswer | RefusedAnswer | FailedAnswer
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="outcome")])
