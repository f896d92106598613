"""What stands in the paths of routes, and is the same in every protocol."""

from typing import Annotated

from fastapi import Path
from pydantic import BeforeValidator

from service.dialects.port import version_of

# Read as the predict paths read it: what FastAPI says of a wrong one names patterns, and fits no protocol.
Version = Annotated[
    int,
    BeforeValidator(version_of),
    Path(
        description="a version's number",
        json_schema_extra={"minimum": 1, "maximum": 999_999_999},
        examples=[1],
    ),
]
