"""The listening sockets of workers, which share whether accept() blocks."""

import os
import socket

from service.server import bind, listeners


def test_a_worker_that_starts_never_makes_the_listener_of_the_others_block():
    with bind("127.0.0.1", 0) as first:
        assert not os.get_blocking(first.fileno())
        # What a spawned worker gets: the same open socket in an object that knows nothing of it.
        second = socket.socket(first.family, first.type, first.proto, fileno=os.dup(first.fileno()))
        for one in listeners(second):
            assert not os.get_blocking(first.fileno())
            one.close()
