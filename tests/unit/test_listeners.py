"""The listening socket, which all workers share and accept from in their event loops."""

import os
import socket

from service.server import bind, listeners


def test_a_worker_that_starts_does_not_make_the_sockets_of_the_others_block():
    with bind("127.0.0.1", 0) as bound:
        first = listeners(bound)
        handed_on = socket.socket(bound.family, bound.type, bound.proto, os.dup(bound.fileno()))
        second = listeners(handed_on)
        assert len(first) == len(second) > 1
        assert not any(os.get_blocking(one.fileno()) for one in (*first, *second))
        for one in (*first, *second):
            one.close()
