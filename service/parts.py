"""What the routes share: the parts that `service.app` composed, handed over by the application's state."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from service.codecs.bodies import BodyReader
from service.http_types import REQUEST_ID
from service.keys import Keys
from service.repository.agreement import Agreement
from service.repository.operators import Operators
from service.repository.registry import Registry
from service.repository.watcher import Watcher
from service.statistics.book import Statistics


@dataclass(slots=True)
class Lifecycle:
    """Whether the server is stopping; set by who received the signal."""

    stopping: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """The composed parts of one application."""

    registry: Registry
    watcher: Watcher
    agreement: Agreement
    operators: Operators
    keys: Keys
    statistics: Statistics
    bodies: BodyReader
    data_dir: Path | None
    max_npz_bytes: int
    max_batch_rows: int
    evaluation_timeout_s: float
    lifecycle: Lifecycle = field(default_factory=Lifecycle)


def parts(request: Request) -> Parts:
    """Return the parts of the application that got this request."""
    found: Parts = request.app.state.parts
    return found


def request_id(request: Request) -> str:
    """Return the id of this request."""
    found: str = request.scope[REQUEST_ID]
    return found


UseParts = Annotated[Parts, Depends(parts)]
