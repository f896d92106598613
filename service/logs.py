"""What the log looks like: text for people, or one JSON object a line for programs."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

current_request: ContextVar[str | None] = ContextVar("current_request", default=None)
"""The id of the request in whose task this runs, where there is one."""


def text(several_workers: bool) -> logging.Formatter:
    """Return the format for people; it names the process where there are several."""
    worker = " [%(process)d]" if several_workers else ""
    return _Text(f"%(asctime)s{worker} %(levelname)s %(name)s: %(message)s")


class _Text(logging.Formatter):
    """One line an event, with what an access log adds."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        fields: dict[str, Any] = getattr(record, "fields", {})
        if fields.get("model") is not None:
            line += f" {fields['model']}/{fields['version']}"
        return f"{line} {fields['request_id']}" if fields.get("request_id") else line


class JsonLines(logging.Formatter):
    """One JSON object a line.

    It has `time` (UTC), `level`, `logger`, `message`, `pid`; where there is one `worker`, `request_id` and
    `exception`; and what an access log adds.
    """

    def __init__(self, worker: int | None = None) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one event."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "pid": record.process,
        }
        if self._worker is not None:
            said["worker"] = self._worker
        request_id = getattr(record, "request_id", None) or current_request.get()
        if request_id:
            said["request_id"] = request_id
        said.update(getattr(record, "fields", {}))
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(said).decode()
        except TypeError:  # half a character of UTF-16, which Python's own writer escapes
            return json.dumps(said, default=str)
