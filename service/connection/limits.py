"""What a client may take of a worker by its connection alone, before anybody looks at what it wants."""

from typing import NamedTuple


class ConnectionLimits(NamedTuple):
    """Limits of one worker.

    Attributes:
        connections: open at one time.
        url_bytes: of the URL of a request.
        headers: of a request.
        head_bytes: of these headers together.
        read_timeout_s: a request must be complete so long after its first byte.
        write_timeout_s: an answer must be read so long after it was written.
    """

    connections: int
    url_bytes: int
    headers: int
    head_bytes: int
    read_timeout_s: float
    write_timeout_s: float


SPARE_CONNECTIONS = 64
"""So many more are taken, to ask for the server's health or to be told that there are too many."""

SPARE_TIMEOUT_S = 5.0
"""One of these must send its head in this time."""

LINGER_S = 2.0
"""A connection that the server ends is closed so long after its last answer, unless its client closes it.

To close it while the client still sends would reset it, and take the answer from the client with it.
"""
