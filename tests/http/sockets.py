"""A server in a thread of this process, and a client that writes HTTP to it by hand."""

import socket
import threading
import time

from service.server import Server, bind
from service.settings import Settings


class Connection:
    """One connection of a client that writes HTTP by hand."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._kept = b""

    def send(self, head: str, body: bytes = b"", *, chunked: bool = False) -> "Connection":
        """Send a request; `head` is its first line, and headers beside the length."""
        lines = [*head.split("\n"), "host: test"]
        if chunked:
            lines.append("transfer-encoding: chunked")
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        else:
            lines.append(f"content-length: {len(body)}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return self

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read one answer: status, headers, body."""
        head, _, rest = self._until(lambda data: b"\r\n\r\n" in data).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        self._kept = rest
        length = int(headers.get("content-length", 0))
        body = self._until(lambda data: len(data) >= length)
        self._kept = body[length:]
        return int(first.split()[1]), headers, body[:length]

    def closed(self) -> bool:
        """Whether the server closes the connection now."""
        return self.socket.recv(1) == b""

    def _until(self, enough) -> bytes:
        data = self._kept
        while not enough(data):
            more = self.socket.recv(65536)
            assert more, f"the connection ended after {data!r}"
            data += more
        return data

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


class Running:
    """A server in a thread of this process."""

    def __init__(self, settings: Settings) -> None:
        self._listener = bind("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        # What ends a server whose loop stands still would end the tests; their own limit says where each thread stood.
        self._server = Server(settings.model_copy(update={"hang_timeout_ms": 600_000}))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.01)

    def connect(self) -> Connection:
        return Connection(self.port)

    @property
    def asgi_only(self) -> bool:
        """Whether predictions, too, go through ASGI."""
        return not self._server.config.http.args[-2]

    def keep_alive(self, seconds: float) -> None:
        """Set how long idle connections that come from now on are kept."""
        self._server.config.timeout_keep_alive = seconds

    def wait_for_rows(self, count: int) -> None:
        """Wait until so many rows are in flight."""
        app = self._server.config.app
        while not hasattr(app, "state"):
            app = getattr(app, "_app", None) or app.app
        batcher = app.state.parts.registry.get().batcher
        deadline = time.monotonic() + 30
        while batcher.rows_in_flight != count:
            assert time.monotonic() < deadline, batcher.rows_in_flight
            time.sleep(0.001)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._listener.close()
        assert not self._thread.is_alive()
