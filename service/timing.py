"""`Server-Timing`: where the time of one prediction went, for clients that ask for it by ``X-Timing: 1``.

    Server-Timing: decode;dur=0.041, queue;dur=0.012, compute;dur=0.087, encode;dur=0.020

In milliseconds: reading the body, waiting for a place in a batch, the batch, writing the answer. These are
the times that `service.statistics` counts of every request. The header: https://www.w3.org/TR/server-timing/.
"""

from itertools import pairwise

from service.batching.entry import Entry
from service.http_types import Headers, Response


def is_wanted(headers: Headers) -> bool:
    """Whether a request asks for its times."""
    return headers.get(b"x-timing") == b"1"


def timed(response: Response, entry: Entry, read_at: float, encoded_at: float) -> Response:
    """Return the answer with its times.

    Args:
        response: the answer.
        entry: the rows of the request, which are computed.
        read_at: when its body was complete.
        encoded_at: when the answer was made.
    """
    times = (read_at, entry.admitted_at, entry.taken_at, entry.computed_at, encoded_at)
    spent_ms = [(end - start) * 1000 for start, end in pairwise(times)]
    told = "decode;dur={:.3f}, queue;dur={:.3f}, compute;dur={:.3f}, encode;dur={:.3f}".format(*spent_ms)
    return response._replace(headers={**response.headers, "server-timing": told})
