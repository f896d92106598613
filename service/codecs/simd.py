"""The SIMD parser of JSON, one for each thread: it keeps its buffers from body to body."""

import threading

import simdjson


class _Parsers(threading.local):
    def __init__(self) -> None:
        self.own = simdjson.Parser()


_parsers = _Parsers()


def parser() -> simdjson.Parser:
    """Return this thread's parser. It refuses the next body while anything of the last one is alive."""
    return _parsers.own
