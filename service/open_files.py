"""How many files, and so connections, the system lets a process open."""

import logging
import resource

logger = logging.getLogger(__name__)

_BESIDE = 256
"""Files that are open beside connections: models, libraries, listeners."""


def allow(connections: int) -> None:
    """Ask the system for so many connections; where it allows fewer, say so in the log."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _BESIDE
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        logger.warning(
            "%d connections may be open, and the system allows %d open files: allow more (ulimit -n), "
            "or set MODISTE_MAX_CONNECTIONS to %d",
            connections,
            allowed,
            max(1, allowed - _BESIDE),
        )
