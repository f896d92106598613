"""The access log: one line for every request that ended, without its query, its headers or its body."""

import logging

from service.observing import Ended

logger = logging.getLogger(__name__)

_MOST_CHARACTERS = 256


class AccessLog:
    """An observer that logs; see `service.observing.Observer`."""

    def ended(self, request: Ended) -> None:
        """Log a request that ended."""
        if not logger.isEnabledFor(logging.INFO):
            return
        served = request.prediction.served if request.prediction is not None else None
        fields = {
            "request_id": request.request_id or None,
            "method": request.method or None,
            "path": _shown(request.path) or None,
            "status": request.status,
            "ms": round((request.ended_at - request.began_at) * 1000, 3),
            "model": served.model if served is not None else None,
            "version": served.version if served is not None else None,
        }
        logger.info(
            "%s %s %s %s ms",
            fields["method"] or "-",
            fields["path"] or "-",
            request.status or "left",
            fields["ms"],
            extra={"fields": fields, "request_id": fields["request_id"]},
        )

    def close(self) -> None:
        """Do nothing: each line is written when it comes."""


def _shown(path: str) -> str:
    """Return a path on one line, and not of any length."""
    shown = path[:_MOST_CHARACTERS]
    return shown if shown.isascii() and shown.isprintable() else shown.encode("unicode_escape").decode()
